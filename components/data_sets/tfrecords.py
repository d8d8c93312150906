"""TFRecords of tf.Examples that somebody else made: where they lie (no TensorFlow)."""

from components.data_sets.errors import DataSetError
from components.data_sets.storage import is_folder, list_names, show_names

SPLITS = ("train", "eval", "test")
"""Folders of records; each becomes the split of its name."""


def check_folders(folder: str) -> None:
    """Checks that each split has a file; the records are read, and checked, by the pipeline.

    Raises:
      DataSetError: A folder is missing, or has no file in it.
    """
    names = list_names(folder, "a folder with TFRecords in the folders train, eval and test")
    for split in SPLITS:
        if split not in names or not _list_files(f"{folder}/{split}"):
            raise DataSetError(
                f"{folder}: expected TFRecords in the folders {', '.join(SPLITS)}, received "
                f"{show_names(names)} and none in {split}. Put the records of each split there."
            )


def list_record_files(folder: str) -> list[str]:
    """Returns the files of all splits, but for those that systems and programs leave behind.

    Raises:
      DataSetError: A folder cannot be read.
    """
    return [path for split in SPLITS for path in _list_files(f"{folder}/{split}")]


def _list_files(folder: str) -> list[str]:
    paths = (f"{folder}/{name}" for name in list_names(folder) if name[0] not in "._")
    return [path for path in paths if not is_folder(path)]
