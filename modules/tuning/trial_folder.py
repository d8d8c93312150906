"""Keeps trials that have ended while the search goes on, and writes the search when it ends."""

import contextlib
from collections.abc import Mapping

import tensorflow as tf
from pydantic import ValidationError
from tfx.dsl.io import fileio

from modules.folders import remove_folder
from modules.training.whole_file import write_whole
from modules.tuning.trials import SEARCH_FILE, Search, Trial, Value


class TrialFolder:
    """The trials of one search that have ended, which another try need not do again.

    The folder is named by a digest of all that a trial depends on, so that a search with another
    space, other data or other code finds none of them.
    """

    def __init__(self, path: str) -> None:
        """Uses a folder, which is made with the first trial."""
        self._path = path

    def find(self, number: int, values: Mapping[str, Value]) -> Trial | None:
        """Returns a trial that has ended; None if it has not, or was one of other values."""
        try:
            with tf.io.gfile.GFile(self._name(number)) as file:
                trial = Trial.model_validate_json(file.read())
        # No kill damages a whole file, but a machine that loses power may.
        except (tf.errors.NotFoundError, ValidationError):
            return None
        return trial if trial.values == values else None

    def write(self, trial: Trial) -> None:
        """Keeps a trial, whole or not at all."""
        # Another run of the same search may have ended, and removed it.
        tf.io.gfile.makedirs(self._path)
        write_whole(self._name(trial.number), trial.model_dump_json().encode())

    def delete(self) -> None:
        """Removes all of them, unless another run of the same search has done so."""
        with contextlib.suppress(fileio.NotFoundError):
            remove_folder(self._path)

    def _name(self, number: int) -> str:
        return f"{self._path}/trial-{number:04d}.json"


def write_search(folder: str, search: Search) -> None:
    """Writes a search into the folder of an artifact, which may be yet to be made."""
    tf.io.gfile.makedirs(folder)
    write_whole(f"{folder}/{SEARCH_FILE}", search.model_dump_json(indent=2).encode())
