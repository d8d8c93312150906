"""Dealing rows out to splits by their content."""

import numpy as np
import numpy.typing as npt

from components.data_sets.rows import RowBlock
from components.idx_example_gen.splits import Split, assign_splits

Pixels = npt.NDArray[np.uint8]


def make_rows(num_rows: int) -> tuple[Pixels, Pixels]:
    random = np.random.default_rng(0)
    images = random.integers(0, 256, size=(num_rows, 3, 2), dtype=np.uint8)
    return images, random.integers(0, 10, size=num_rows, dtype=np.uint8)


def test_splits_get_their_share_of_the_rows():
    images, labels = make_rows(6000)

    split = assign_splits(RowBlock(0, images, labels), (Split("train", 11), Split("eval", 1)))

    # 500 expected; the bounds are six standard deviations away.
    assert 372 < np.count_nonzero(split == 1) < 628


def test_a_row_keeps_its_split_wherever_it_stands():
    images, labels = make_rows(100)
    splits = (Split("train", 2), Split("eval", 1))

    before = assign_splits(RowBlock(0, images, labels), splits)
    after = assign_splits(RowBlock(50, images[::-1], labels[::-1]), splits)

    np.testing.assert_array_equal(before, after[::-1])
