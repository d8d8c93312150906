"""Folders are removed and renamed whole, also on storage that is too busy to answer at times.

TensorFlow's client of gs:// repeats a request that found the storage busy, with one exception:
before it removes or renames a folder it asks whether there is one, and any answer but yes means no.
"""

from collections.abc import Callable

from tfx.dsl.io import fileio

_TRIES = 5


def remove_folder(path: str) -> None:
    """Removes a folder and all that it holds.

    Args:
      path: On any file system of TFX's.

    Raises:
      tfx.dsl.io.fileio.NotFoundError: There is no such folder.
    """
    _until_found(path, lambda: fileio.rmtree(path))


def rename_folder(path: str, new_path: str) -> None:
    """Gives a folder another name, which nothing has yet.

    Args:
      path: On any file system of TFX's.
      new_path: On the same one.

    Raises:
      tfx.dsl.io.fileio.NotFoundError: There is no such folder.
    """
    _until_found(path, lambda: fileio.rename(path, new_path))


def _until_found(path: str, work: Callable[[], None]) -> None:
    for _ in range(_TRIES - 1):
        try:
            return work()
        except fileio.NotFoundError:
            # This question the client repeats until the storage has answered it.
            if not fileio.exists(path):
                raise
    return work()
