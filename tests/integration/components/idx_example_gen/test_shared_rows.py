"""Which images of a split are also trained on, as IdxExampleGen notes it on its examples."""

import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.custom_properties import read_strings
from components.idx_example_gen import pixel_hashes
from components.idx_example_gen.idx_pair import IdxBlock
from components.idx_example_gen.pixel_hashes import hash_images, read_notes, write_notes
from components.idx_example_gen.shared_rows import SharedRows, compare_bucket, read_shared_rows

TRAIN_FILE, TEST_FILE = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"


@pytest.fixture
def write_data(tmp_path: Path, write_idx: Callable[..., Path]) -> Callable[..., Path]:
    """Returns a function that writes a data set; labels are 0, 1, 2 and so on."""

    def write(train: np.ndarray, test: np.ndarray) -> Path:
        folder = tmp_path / "in"
        folder.mkdir()
        for name, images in (("train", train), ("t10k", test)):
            write_idx(folder / f"{name}-images-idx3-ubyte", images)
            write_idx(
                folder / f"{name}-labels-idx1-ubyte", (np.arange(len(images)) % 10).astype(np.uint8)
            )
        return folder

    return write


def make_images(num_rows: int, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (num_rows, 28, 28), np.uint8)


def read(examples: Examples, split: str) -> SharedRows | None:
    return read_shared_rows(read_strings(examples), split)


def test_images_of_the_test_files_that_are_trained_on_are_counted_whatever_their_labels(
    tmp_path: Path, write_data: Callable[..., Path], generate_examples: Callable[..., Examples]
):
    train, test = make_images(60, seed=1), make_images(30, seed=2)
    test[4:12] = train[20:28]
    test[29] = train[20]

    examples = generate_examples(
        write_data(train, test),
        tmp_path / "out",
        output_config=split_all_to_train(),
        rows_per_shard=7,
    )

    shared = read(examples, "test")
    assert shared == SharedRows(
        9, ((4, 20), (5, 21), (6, 22), (7, 23), (8, 24)), TEST_FILE, TRAIN_FILE
    )
    assert str(shared).startswith(f"row 4 of {TEST_FILE} is row 20 of {TRAIN_FILE}, row 5 of")


def test_the_same_image_with_two_labels_on_both_sides_of_the_split_is_counted(
    tmp_path: Path, write_data: Callable[..., Path], generate_examples: Callable[..., Examples]
):
    train = np.repeat(make_images(40, seed=3), 2, axis=0)

    examples = generate_examples(write_data(train, make_images(10, seed=4)), tmp_path / "out")

    shared = read(examples, "eval")
    assert shared is not None
    assert shared.rows > 0
    for row, other in shared.first:
        assert {row, other} == {row // 2 * 2, row // 2 * 2 + 1}
    assert read(examples, "test") == SharedRows(0, (), TEST_FILE, TRAIN_FILE)
    assert read(examples, "train") is None


@pytest.mark.parametrize("compress", [True, False])
def test_mnist_shares_no_rows(
    tmp_path: Path,
    mnist_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    compress: bool,  # noqa: FBT001 - pytest names it
):
    folder = mnist_idx_folder(tmp_path / "in", num_train=3000, num_test=500, compress=compress)

    examples = generate_examples(folder, tmp_path / "out")

    for split in ("eval", "test"):
        shared = read(examples, split)
        assert shared is not None
        assert shared.rows == 0


def test_many_rows_are_compared_a_bucket_at_a_time(
    tmp_path: Path,
    write_data: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(pixel_hashes, "ROWS_PER_BUCKET", 16)
    train, test = make_images(60, seed=1), make_images(30, seed=2)
    test[10:] = train[:20]

    examples = generate_examples(
        write_data(train, test),
        tmp_path / "out",
        output_config=split_all_to_train(),
        rows_per_shard=7,
    )

    assert read(examples, "test") == SharedRows(
        20, ((10, 0), (11, 1), (12, 2), (13, 3), (14, 4)), TEST_FILE, TRAIN_FILE
    )


def test_the_memory_of_a_comparison_follows_its_bucket_and_not_the_number_of_rows(tmp_path: Path):
    num_rows, num_buckets = 200_000, 20
    block = IdxBlock(0, make_images(1000, seed=5), np.zeros(1000, np.uint8))
    for split in ("train", "test"):
        for number in range(num_rows // 1000):
            notes = hash_images(block, np.arange(1000))
            notes["hash"] += np.uint64(number * 2**40)
            write_notes(
                notes,
                f"{tmp_path}/{split}",
                f"{number}",
                num_buckets=num_buckets,
                temporary_dir=str(tmp_path),
            )

    tracemalloc.start()
    [(split, shared)] = compare_bucket(3, str(tmp_path), {"train": "a", "test": "b"})
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert split == "test"
    assert shared.rows == len(read_notes(f"{tmp_path}/test", 3)) > 0.9 * num_rows / num_buckets
    assert peak < 16 * num_rows


def split_all_to_train() -> example_gen_pb2.Output:
    split = example_gen_pb2.SplitConfig.Split(name="train", hash_buckets=1)
    return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=[split]))
