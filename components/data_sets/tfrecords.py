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
        if split not in names or not _has_file(f"{folder}/{split}"):
            raise DataSetError(
                f"{folder}: expected TFRecords in the folders {', '.join(SPLITS)}, received "
                f"{show_names(names)} and none in {split}. Put the records of each split there."
            )


def _has_file(folder: str) -> bool:
    """Returns whether there is a file but for those that systems and programs leave behind."""
    names = (name for name in list_names(folder) if name[0] not in "._")
    return any(not is_folder(f"{folder}/{name}") for name in names)
