"""Which images of a split are also trained on, as IdxExampleGen notes it on its examples."""

import gzip
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from tfx.proto import example_gen_pb2
from tfx.types.standard_artifacts import Examples

from components.custom_properties import read_strings
from components.data_sets.rows import RowBlock
from components.idx_example_gen import pixel_hashes
from components.idx_example_gen.pixel_hashes import (
    compare_bucket,
    count_buckets,
    hash_images,
    write_notes,
)
from components.idx_example_gen.shared_rows import SharedRows, merge_shared_rows, read_shared_rows
from support.project import PROJECT

TRAIN_FILE, TEST_FILE = "train-images-idx3-ubyte", "t10k-images-idx3-ubyte"
FILES = {"train": TRAIN_FILE, "test": TEST_FILE}


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


def share(rows: int, *first: tuple[int, int]) -> SharedRows:
    """Returns what is noted of so many rows of the test files, with the first of them."""
    names = tuple(
        (f"row {row} of {TEST_FILE}", f"row {other} of {TRAIN_FILE}") for row, other in first
    )
    return SharedRows(rows, first, TEST_FILE, TRAIN_FILE, "train", names)


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
    assert shared == share(9, (4, 20), (5, 21), (6, 22), (7, 23), (8, 24))
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
    assert read(examples, "test") == share(0)
    assert read(examples, "train") is None


def test_mnist_shares_no_rows(tmp_path: Path):
    for split, name in (("train", "train"), ("test", "t10k")):
        images = _read_mnist(name)
        block = RowBlock(0, images, np.zeros(len(images), np.uint8))
        (tmp_path / split).mkdir()
        notes = hash_images(block, np.arange(len(images)))
        write_notes(notes, f"{tmp_path}/{split}/all", num_buckets=1, temporary_dir=str(tmp_path))
        assert len(np.unique(notes["hash"])) == len(images)

    [(_, shared)] = compare_bucket(0, str(tmp_path), FILES, num_buckets=1)

    assert shared.rows == 0


def _read_mnist(name: str) -> np.ndarray:
    path = PROJECT / "data" / "mnist" / f"{name}-images-idx3-ubyte.gz"
    return np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8, offset=16).reshape(
        -1, 28, 28
    )


def test_many_rows_are_compared_a_bucket_at_a_time(
    tmp_path: Path,
    write_data: Callable[..., Path],
    generate_examples: Callable[..., Examples],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setattr(pixel_hashes, "ROWS_PER_BUCKET", 16)
    assert count_buckets(90) == 6
    train, test = make_images(60, seed=1), make_images(30, seed=2)
    test[10:] = train[:20]

    examples = generate_examples(
        write_data(train, test),
        tmp_path / "out",
        output_config=split_all_to_train(),
        rows_per_shard=7,
    )

    assert read(examples, "test") == share(20, (10, 0), (11, 1), (12, 2), (13, 3), (14, 4))


def test_the_memory_of_a_comparison_follows_its_bucket_and_not_the_number_of_rows(tmp_path: Path):
    block = RowBlock(0, make_images(1000, seed=5), np.zeros(1000, np.uint8))
    notes = hash_images(block, np.arange(1000))

    peaks = []
    for num_buckets in (10, 40):
        folder = tmp_path / str(num_buckets)
        for split in ("train", "test"):
            (folder / split).mkdir(parents=True)
            for number in range(5 * num_buckets):
                notes["hash"] += np.uint64(2**40 + 1)
                write_notes(
                    notes,
                    f"{folder}/{split}/{number}",
                    num_buckets=num_buckets,
                    temporary_dir=str(folder),
                )
            assert len(list((folder / split).iterdir())) == 5 * num_buckets
        tracemalloc.start()
        list(compare_bucket(3, str(folder), FILES, num_buckets=num_buckets))
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()

    assert peaks[1] < 1.5 * peaks[0] < 16 * 50_000


def test_a_range_that_is_converted_twice_is_counted_once(tmp_path: Path):
    block = RowBlock(100, make_images(20, seed=6), np.zeros(20, np.uint8))
    for split in ("train", "test"):
        (tmp_path / split).mkdir()
        for _ in range(2):
            write_notes(
                hash_images(block, np.arange(0, 20, 2)),
                f"{tmp_path}/{split}/0",
                num_buckets=3,
                temporary_dir=str(tmp_path),
            )

    parts = [
        shared
        for bucket in range(3)
        for _, shared in compare_bucket(bucket, str(tmp_path), FILES, num_buckets=3)
    ]

    assert merge_shared_rows(parts) == SharedRows(
        10,
        ((100, 100), (102, 102), (104, 104), (106, 106), (108, 108)),
        TEST_FILE,
        TRAIN_FILE,
        "train",
    )
    assert not [path for path in tmp_path.iterdir() if path.is_file()]


def split_all_to_train() -> example_gen_pb2.Output:
    split = example_gen_pb2.SplitConfig.Split(name="train", hash_buckets=1)
    return example_gen_pb2.Output(split_config=example_gen_pb2.SplitConfig(splits=[split]))
