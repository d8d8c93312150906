"""TFRecords of tf.Examples that somebody else made: where they lie (no TensorFlow)."""

from components.data_sets.errors import DataSetError
from components.data_sets.storage import list_names, show_names

SPLITS = ("train", "eval", "test")
"""Folders of records; each becomes the split of its name."""


def check_folders(folder: str) -> None:
    """Checks that each split has a file; the records are read, and checked, by the pipeline.

    Raises:
      DataSetError: A folder is missing or empty.
    """
    names = list_names(folder, "a folder with TFRecords in the folders train, eval and test")
    for split in SPLITS:
        if split not in names or not list_names(f"{folder}/{split}"):
            raise DataSetError(
                f"{folder}: expected TFRecords in the folders {', '.join(SPLITS)}, received "
                f"{show_names(names)} and none in {split}. Put the records of each split there."
            )
