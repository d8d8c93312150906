"""What is known of a data set before it is read (no TensorFlow)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from components.data_sets.rows import RowReader
from modules.data_spec import DataSpec


class Part(Protocol):
    """The rows to learn from, or those that are never trained on."""

    @property
    def name(self) -> str:
        """The path of the images, for messages."""

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """Paths of all files that the rows come from, by what they hold: images, labels."""

    def name_rows(self, rows: Sequence[int]) -> list[str]:
        """Returns where a person finds each of some rows; they are numbered from 0."""

    def open(self, data: DataSpec) -> AbstractContextManager[RowReader]:
        """Opens the files within a block.

        Args:
          data: What the images and the labels must be.

        Raises:
          DataSetError: A file cannot be read, or does not hold such rows.
        """


class DataSet(NamedTuple):
    """The two parts of a data set.

    Attributes:
      train: The rows to learn from.
      test: Those that are never trained on.
    """

    train: Part
    test: Part


def list_files(data_set: DataSet) -> list[str]:
    """Returns the paths of all files, each once."""
    paths = (path for part in data_set for paths in part.files.values() for path in paths)
    return list(dict.fromkeys(paths))
