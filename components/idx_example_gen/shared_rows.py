"""The rows of a split whose image is also trained on, as IdxExampleGen notes them (no TensorFlow).

Whoever writes the notes and whoever reads them finds their names here.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace

from components.data_sets.data_set import Part

MAX_LISTED = 5
"""So many shared rows are noted; all are counted."""


@dataclass(frozen=True)
class SharedRows:
    """Rows of a split whose very image stands in the split that is learned from.

    Attributes:
      rows: How many there are.
      first: The first of them: row in `file`, row of the same image in `train_file`; from 0.
      file: Name of the file of their images.
      train_file: Name of the file of the images that are learned from.
      trained_on: Name of the split that is learned from.
      names: Where a person finds `first`; not noted by earlier code.
    """

    rows: int = 0
    first: tuple[tuple[int, int], ...] = ()
    file: str = ""
    train_file: str = ""
    trained_on: str = ""
    names: tuple[tuple[str, str], ...] = ()

    @property
    def is_contradiction(self) -> bool:
        """Whether their labels differ: what is equal in all, in one file, stands in one split."""
        return self.file == self.train_file

    def __str__(self) -> str:
        """Names the first of them."""
        names = self.names or tuple(
            (f"row {row} of {self.file}", f"row {other} of {self.train_file}")
            for row, other in self.first
        )
        return ", ".join(f"{name} is {other}" for name, other in names)


def merge_shared_rows(parts: Iterable[SharedRows]) -> SharedRows:
    """Returns what several parts of the rows of a split have together."""
    parts = list(parts)
    if not parts:
        return SharedRows()
    first = sorted(pair for part in parts for pair in part.first)[:MAX_LISTED]
    return replace(parts[0], rows=sum(part.rows for part in parts), first=tuple(first))


def name_shared_rows(
    split: str, shared: SharedRows, *, parts: Mapping[str, Part]
) -> tuple[str, SharedRows]:
    """Returns a split and its shared rows, with where a person finds the first of them.

    Args:
      split: Name of the split.
      shared: Its rows.
      parts: What the rows of each split are of, by its name.
    """
    if not shared.first:
        return split, shared
    rows, others = zip(*shared.first, strict=True)
    names = parts[split].name_rows(rows)
    other_names = parts[shared.trained_on].name_rows(others)
    return split, replace(shared, names=tuple(zip(names, other_names, strict=True)))


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
    names = tuple((name, other) for name, other in content.pop("names", ()))
    return SharedRows(first=first, names=names, **content)


def _property_name(split: str) -> str:
    return f"shared_rows_{split}"
