"""Finds the parts of a data set in a folder, by the format that they are in (no TensorFlow)."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from fnmatch import fnmatchcase
from types import MappingProxyType

from pydantic import BaseModel, ConfigDict

from components.data_sets.data_set import DataSet, list_files
from components.data_sets.errors import DataSetError
from components.data_sets.idx_part import IdxPart
from components.data_sets.image_folder import list_image_folder
from components.data_sets.npz_file import NpzPart
from components.data_sets.storage import list_names, show_names
from components.data_sets.tfrecords import list_record_files
from components.idx_files.storage import FILE_PATTERN, find_files


class Format(StrEnum):
    """What the files of a data set are."""

    IDX = "idx"
    NPZ = "npz"
    IMAGES = "images"
    TFRECORD = "tfrecord"


class Layout(BaseModel):
    """How a data set lies in its folder.

    Attributes:
      format: What its files are.
      name: Which of several in the folder; "" if there is one.
      is_transposed: Whether rows and columns of an image are exchanged in the files.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    format: Format = Format.IDX
    name: str = ""
    is_transposed: bool = False

    @property
    def pattern(self) -> str:
        """What finds the files in their folder; it leaves out what does not change the data."""
        if self.format is Format.NPZ:
            return f"{self.name or '*'}.npz"
        if self.format is Format.IMAGES:
            return f"{self.name}/*/*/*" if self.name else "*/*/*"
        return f"*{self.name}-{FILE_PATTERN}" if self.name else FILE_PATTERN


def find_data_set(folder: str, layout: Layout, pattern: str = "") -> DataSet:
    """Returns the two parts of the data set in a folder.

    Args:
      folder: Where its files are.
      layout: How they lie there.
      pattern: What finds them; by default that of the layout.

    Raises:
      DataSetError: There is no such folder, or not one whole data set in it.
    """
    return _FINDERS[layout.format](folder, layout, pattern or layout.pattern)


def find_files_of(folder: str, layout: Layout) -> list[str]:
    """Returns the paths of all files that examples are made of, in whatever format.

    Raises:
      DataSetError: There is no such folder, or not one whole data set in it.
    """
    if layout.format is Format.TFRECORD:
        return list_record_files(f"{folder}/{layout.name}".rstrip("/"))
    return list_files(find_data_set(folder, layout))


def _find_idx(folder: str, layout: Layout, pattern: str) -> DataSet:
    found = find_files(folder, pattern, data_set=layout.name)
    return DataSet(*(IdxPart(pair, layout.is_transposed) for pair in found))


def _find_npz(folder: str, layout: Layout, pattern: str) -> DataSet:  # noqa: ARG001 - its name is in the pattern
    *subfolders, name_pattern = pattern.split("/")
    folder = "/".join([folder.rstrip("/"), *subfolders])
    names = list_names(folder, "a folder with an archive of NumPy arrays (.npz)")
    found = [name for name in names if fnmatchcase(name, name_pattern)]
    if len(found) != 1:
        raise DataSetError(
            f"{folder}: expected one archive of NumPy arrays ({name_pattern}), received "
            f"{show_names(found or names)}. Set data.name to the name of the one that is meant, "
            "without its ending."
        )
    return DataSet(*(NpzPart(f"{folder}/{found[0]}", split) for split in DataSet._fields))


def _find_images(folder: str, layout: Layout, pattern: str) -> DataSet:  # noqa: ARG001 - as above
    *subfolders, _, _, _ = pattern.split("/")
    place = "/".join([folder.rstrip("/"), *subfolders])
    names = list_names(place, "a folder with the folders train and test")
    missing = [split for split in DataSet._fields if split not in names]
    if missing:
        raise DataSetError(
            f"{place}: expected the folders train and test, each with a folder of pictures for "
            f"each class, received {show_names(names)}. Point data_root at their folder, or set "
            "data.name to the folder that has them."
        )
    return DataSet(*(list_image_folder(f"{place}/{split}") for split in DataSet._fields))


def _find_records(folder: str, layout: Layout, pattern: str) -> DataSet:  # noqa: ARG001 - as above
    raise DataSetError(
        f"{folder}: expected files of labelled images, received TFRecords (data.format), whose "
        "examples are taken as they are. A run keeps a copy of them: run again."
    )


_FINDERS: Mapping[Format, Callable[[str, Layout, str], DataSet]] = MappingProxyType(
    {
        Format.IDX: _find_idx,
        Format.NPZ: _find_npz,
        Format.IMAGES: _find_images,
        Format.TFRECORD: _find_records,
    }
)
