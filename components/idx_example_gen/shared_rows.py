"""Counts the rows of a split whose very image also stands in the split that is learned from.

Whoever notes them on the examples and whoever reads that finds their names here.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, replace

import numpy as np

from components.idx_example_gen.pixel_hashes import Notes, read_notes

MAX_LISTED = 5
"""So many shared rows are noted; all are counted."""


@dataclass(frozen=True)
class SharedRows:
    """Rows of a split whose image stands in the split that is learned from.

    Attributes:
      rows: How many there are.
      first: The first of them: row in `file`, row of the same image in `train_file`; from 0.
      file: Name of the file of their images.
      train_file: Name of the file of the images that are learned from.
    """

    rows: int = 0
    first: tuple[tuple[int, int], ...] = ()
    file: str = ""
    train_file: str = ""

    def __str__(self) -> str:
        """Names the first of them."""
        return ", ".join(
            f"row {row} of {self.file} is row {other} of {self.train_file}"
            for row, other in self.first
        )


def compare_bucket(
    bucket: int, folder: str, files: Mapping[str, str]
) -> Iterator[tuple[str, SharedRows]]:
    """Yields what each split shares with the first one, of the images in one bucket.

    Args:
      bucket: Its number.
      folder: Where each split has a folder of notes.
      files: Names of the files of the images, by split; the first split is learned from.
    """
    (trained_on, train_file), *others = files.items()
    learned = read_notes(f"{folder}/{trained_on}", bucket)
    for split, file in others:
        first, rows = _find_pairs(read_notes(f"{folder}/{split}", bucket), learned)
        yield split, SharedRows(rows, first, file, train_file)


def merge_shared_rows(parts: Iterable[SharedRows]) -> SharedRows:
    """Returns what all buckets of a split have together."""
    parts = list(parts)
    if not parts:
        return SharedRows()
    first = sorted(pair for part in parts for pair in part.first)[:MAX_LISTED]
    return replace(parts[0], rows=sum(part.rows for part in parts), first=tuple(first))


def _find_pairs(rows: Notes, learned: Notes) -> tuple[tuple[tuple[int, int], ...], int]:
    """Returns the first rows with an image that is learned from, and how many there are."""
    if not len(learned):
        return (), 0
    ordered = np.sort(learned, order=["hash", "row"])
    # Of equal images that are learned from, this finds the first.
    places = np.searchsorted(ordered["hash"], rows["hash"])
    found = ordered[np.minimum(places, len(ordered) - 1)]
    is_shared = found["hash"] == rows["hash"]
    pairs = np.column_stack([rows["row"][is_shared], found["row"][is_shared]])
    first = pairs[np.argsort(pairs[:, 0])[:MAX_LISTED]]
    return tuple((int(row), int(other)) for row, other in first), len(pairs)


def note_shared_rows(split: str, shared: SharedRows) -> tuple[str, str]:
    """Returns the custom property, its name and value, that tells the shared rows of a split."""
    return _property_name(split), json.dumps(asdict(shared))


def read_shared_rows(properties: Mapping[str, str], split: str) -> SharedRows | None:
    """Returns what is noted of a split; None if nothing is, as by another ExampleGen.

    Args:
      properties: Custom properties of an Examples artifact; there may be others among them.
      split: Name of the split.
    """
    text = properties.get(_property_name(split))
    if not text:
        return None
    content = json.loads(text)
    first = tuple((row, other) for row, other in content.pop("first"))
    return SharedRows(first=first, **content)


def _property_name(split: str) -> str:
    return f"shared_rows_{split}"
