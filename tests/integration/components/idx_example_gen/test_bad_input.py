"""What IdxExampleGen refuses: one clear error, and nothing left behind."""

import gzip
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.data_sets.errors import DataSetError
from components.idx_example_gen.component import IdxExampleGen


def corrupt(folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    path = folder / name
    path.write_bytes(change(path.read_bytes()))


def recompress(
    folder: Path,
    name: str,
    after: Callable[[bytes], bytes] = bytes,
    before: Callable[[bytes], bytes] = bytes,
) -> None:
    """Replaces a plain file by its gzip, changed before or after the compression."""
    plain = folder / name
    (folder / f"{name}.gz").write_bytes(after(gzip.compress(before(plain.read_bytes()))))
    plain.unlink()


BAD_INPUT = {
    "wrong magic": (
        lambda folder: corrupt(folder, "t10k-images-idx3-ubyte", lambda old: b"\x89PNG" + old[4:]),
        "t10k-images-idx3-ubyte: expected IDX magic 0x00000803, received 0x89504e47",
    ),
    "truncated": (
        lambda folder: corrupt(folder, "train-images-idx3-ubyte", lambda old: old[:-1]),
        "train-images-idx3-ubyte: expected 47,056 bytes .* received 47,055",
    ),
    "truncated gzip": (
        lambda folder: recompress(folder, "train-images-idx3-ubyte", lambda new: new[:-9]),
        "train-images-idx3-ubyte.gz: expected a complete gzip stream",
    ),
    "rows missing in gzip": (
        lambda folder: recompress(folder, "train-labels-idx1-ubyte", before=lambda old: old[:-1]),
        "train-labels-idx1-ubyte.gz: expected 68 bytes .* received 67",
    ),
    "trailing bytes": (
        lambda folder: corrupt(folder, "train-labels-idx1-ubyte", lambda old: old + b"\0"),
        "train-labels-idx1-ubyte: expected 68 bytes .* received 69",
    ),
    "trailing bytes in gzip": (
        lambda folder: recompress(folder, "t10k-labels-idx1-ubyte", before=lambda old: old + b"\0"),
        "t10k-labels-idx1-ubyte.gz: expected 28 bytes .* received more",
    ),
    "counts differ": (
        lambda folder: corrupt(
            folder,
            "train-labels-idx1-ubyte",
            lambda old: old[:4] + struct.pack(">I", 59) + old[8:-1],
        ),
        "train-labels-idx1-ubyte: expected 60 labels, .* received 59",
    ),
    "label out of range": (
        lambda folder: corrupt(folder, "t10k-labels-idx1-ubyte", lambda old: old[:-3] + b"\n\0\0"),
        "t10k-labels-idx1-ubyte: expected labels from 0 to 9, received 10 in row 17",
    ),
    "empty": (
        lambda folder: corrupt(folder, "train-images-idx3-ubyte", lambda _: b""),
        "train-images-idx3-ubyte: expected an IDX header of 16 bytes, received a file of 0",
    ),
    "not gzip though named .gz": (
        lambda folder: (folder / "train-images-idx3-ubyte").rename(
            folder / "train-images-idx3-ubyte.gz"
        ),
        "train-images-idx3-ubyte.gz: expected gzip data .* remove .gz from its name",
    ),
    "missing file": (
        lambda folder: (folder / "t10k-labels-idx1-ubyte").unlink(),
        "missing t10k-labels-idx1-ubyte. Received t10k-images-idx3-ubyte, train-images",
    ),
    "two of a kind": (
        lambda folder: shutil.copy(
            folder / "train-images-idx3-ubyte", folder / "train-images.idx3-ubyte"
        ),
        "received .*train-images-idx3-ubyte.*train-images.idx3-ubyte",
    ),
    "images of another size": (
        lambda folder: corrupt(
            folder,
            "train-images-idx3-ubyte",
            lambda old: old[:8] + struct.pack(">2I", 14, 56) + old[16:],
        ),
        "expected images of 28x28 pixels, received 14x56",
    ),
    "a folder of something else": (
        lambda folder: [
            path.rename(path.with_name(f"{path.name}.png")) for path in folder.iterdir()
        ],
        "missing .* Received .*train-images-idx3-ubyte.png",
    ),
    "no folder": (shutil.rmtree, "in: expected a folder with the four files"),
}


@pytest.mark.parametrize("case", BAD_INPUT)
def test_bad_input_is_one_clear_error_and_leaves_nothing(
    case: str,
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
):
    damage, expected = BAD_INPUT[case]
    folder = random_idx_folder(tmp_path / "in", num_train=60, num_test=20)
    damage(folder)

    with pytest.raises(DataSetError, match=expected):
        generate_examples(folder, tmp_path / "out", rows_per_shard=7)

    assert list((tmp_path / "out").iterdir()) == []


def test_a_split_that_gets_no_row_is_an_error_that_says_so(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    make_output_config: Callable[..., example_gen_pb2.Output],
):
    folder = random_idx_folder(tmp_path / "in", num_train=3)

    with pytest.raises(
        DataSetError, match="some rows for split 'eval', which gets 1 of 100000 hash"
    ):
        generate_examples(
            folder, tmp_path / "out", output_config=make_output_config(train=99999, eval=1)
        )

    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "hash_buckets", [{"train": 1, "test": 1}, {"train": 1, "eval": 0}, {}], ids=str
)
def test_splits_that_cannot_be_made_are_refused(
    hash_buckets: dict[str, int], make_output_config: Callable[..., example_gen_pb2.Output]
):
    with pytest.raises(ValueError, match=r"The splits of IdxExampleGen: expected one or more"):
        IdxExampleGen("in", output_config=make_output_config(**hash_buckets))


def test_dividing_rows_by_a_feature_is_refused(
    make_output_config: Callable[..., example_gen_pb2.Output],
):
    output_config = make_output_config(train=1)
    output_config.split_config.partition_feature_name = "label"

    with pytest.raises(ValueError, match="divided by no feature"):
        IdxExampleGen("in", output_config=output_config)
