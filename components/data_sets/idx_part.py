"""A pair of IDX files as a part of a data set (no TensorFlow)."""

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from components.idx_files.idx_folder import IdxPair
from components.idx_files.idx_pair import IdxPairReader
from components.idx_files.storage import open_pair
from modules.data_spec import DataSpec


@dataclass(frozen=True)
class IdxPart:
    """Images and labels in two files.

    Attributes:
      pair: Their paths.
      is_transposed: Whether rows and columns of an image are exchanged in the file.
    """

    pair: IdxPair
    is_transposed: bool = False

    @property
    def name(self) -> str:
        """The path of the images, for messages."""
        return self.pair.images

    @property
    def files(self) -> Mapping[str, tuple[str, ...]]:
        """Paths of the two files."""
        return {"images": (self.pair.images,), "labels": (self.pair.labels,)}

    def name_rows(self, rows: Sequence[int]) -> list[str]:
        """Returns each row's number and the name of the file of images."""
        return [f"row {row} of {self.name.rpartition('/')[2]}" for row in rows]

    def open(self, data: DataSpec) -> AbstractContextManager[IdxPairReader]:
        """Opens the two files within a block; see `open_pair`."""
        return open_pair(self.pair, data, is_transposed=self.is_transposed)
