"""Deals rows out to splits by a hash of their content (numpy only)."""

import hashlib
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.data_sets.rows import RowBlock


class Split(NamedTuple):
    """A share of the rows of one source: hash_buckets / sum of all its splits' hash_buckets."""

    name: str
    hash_buckets: int


def assign_splits(block: RowBlock, splits: tuple[Split, ...]) -> npt.NDArray[np.intp]:
    """Returns for each row the index of its split, int [rows].

    It depends on nothing but the row's pixels and label, so that a row stays in its split when
    others are added or reordered, and equal rows never end up on both sides. The bucket is
    computed as TFX's own ExampleGens do it: SHA-256 of the record, modulo the sum of buckets.
    """
    upper_bounds = np.cumsum([split.hash_buckets for split in splits])
    rows = np.column_stack([block.images.reshape(len(block.labels), -1), block.labels])
    digests = (hashlib.sha256(row).digest() for row in rows)
    buckets = [int.from_bytes(digest, "big") % int(upper_bounds[-1]) for digest in digests]
    return np.searchsorted(upper_bounds, buckets, side="right")
