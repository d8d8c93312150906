"""What a training leaves on disk after each epoch, so that a killed run goes on where it was."""

import hashlib
import io
import json
import logging
import re
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from modules.data_spec import DataSpec
from modules.folders import remove_folder
from modules.hyperparameters import CHANGE_NO_WEIGHTS, Hyperparameters
from modules.training.history import HISTORY_FILE, SELECTED_BY, EpochRow, find_best
from modules.training.interrupts import interrupts_put_off
from modules.training.whole_file import write_whole

logger = logging.getLogger(__name__)

_STATE_FILE = re.compile(r"state-(\d+)\.npz")


class EpochStates(keras.callbacks.Callback):
    """Saves after each epoch all that a training goes on from, and restores it at the start.

    Keras' BackupAndRestore writes two files, each over its predecessor, and not the random state
    of dropout. A kill would leave half a file, or the weights of one epoch with the number of
    another. Here a state is one file, with the epoch in its name.

    Attributes:
      epochs_done: How many epochs are behind the state that was last found or saved.
      saves: Whether this process saves, and does not only go on from what another one does.
    """

    def __init__(self, directory: str, *, saves: bool = True) -> None:
        """Reads the newest state that is whole, if there is any.

        Args:
          directory: Where the states are or will be; must exist.
          saves: False for a process that goes on from what another one saves.
        """
        super().__init__()
        self._directory = directory
        self.saves = saves
        self.epochs_done, self._found = self._read_newest()

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        """Restores what was found; by now Keras has built the model and the optimizer."""
        if self.epochs_done:
            for variable, value in zip(self._variables(), self._found, strict=True):
                variable.assign(value)

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        """Saves the state, then removes all but this one and the one before."""
        if not self.saves:
            return
        content = io.BytesIO()  # numpy seeks while it writes, which object stores can't
        np.savez(content, *(variable.numpy() for variable in self._variables()))
        write_whole(self._path(epoch + 1), content.getvalue())
        self.epochs_done = epoch + 1
        for saved in self._list_epochs():
            if saved < epoch:
                tf.io.gfile.remove(self._path(saved))

    def delete(self) -> None:
        """Removes all states, the newest first: a kill leaves the older, or none."""
        for epoch in sorted(self._list_epochs(), reverse=True):
            tf.io.gfile.remove(self._path(epoch))

    def _variables(self) -> list[keras.Variable]:
        # Unlike its weights, the variables of a model include the random state.
        return [*self.model.variables, *self.model.optimizer.variables]

    def _read_newest(self) -> tuple[int, list[npt.NDArray[np.generic]]]:
        for epoch in sorted(self._list_epochs(), reverse=True):
            try:
                return epoch, _read_arrays(self._path(epoch))
            # No kill damages a whole file, but a machine that loses power may.
            except (EOFError, ValueError, zipfile.BadZipFile) as error:
                logger.warning("%s is damaged and left out: %s", self._path(epoch), error)
        return 0, []

    def _list_epochs(self) -> list[int]:
        names = tf.io.gfile.listdir(self._directory)
        return [int(match[1]) for name in names if (match := _STATE_FILE.fullmatch(name))]

    def _path(self, epoch: int) -> str:
        return f"{self._directory}/state-{epoch:04d}.npz"


class _BestWeights(keras.callbacks.ModelCheckpoint):
    """Keras' own, whose files are whole also if somebody presses Ctrl-C."""

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
        """Writes the weights if they are better than before."""
        with interrupts_put_off():
            super().on_epoch_end(epoch, logs)


class Checkpoints:
    """The state of one training, in a directory of its own.

    The directory is named by a digest of all that the training depends on. A new run of the same
    training finds the state that a killed run left; one with another configuration, other data or
    other code does not.
    """

    def __init__(self, directory: str, *, writes: bool = True) -> None:
        """Uses the directory and creates it if need be.

        Args:
          directory: Where the state is or will be; see `digest_training` for its name.
          writes: False for a process that trains along and leaves the writing to another one.
        """
        tf.io.gfile.makedirs(directory)
        self._directory = directory
        self._states = EpochStates(directory, saves=writes)
        self.history_path = f"{directory}/{HISTORY_FILE}"

    @property
    def epochs_done(self) -> int:
        """How many epochs are behind the state that will be restored."""
        return self._states.epochs_done

    def read_history(self) -> list[EpochRow]:
        """Returns the rows of the epochs that need not be trained again."""
        if not tf.io.gfile.exists(self.history_path):
            return []
        with tf.io.gfile.GFile(self.history_path) as file:
            rows: list[EpochRow] = json.loads(file.read())
        # A run can be killed after it wrote the row and before it saved the state.
        return rows[: self.epochs_done]

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Returns the callbacks that save and restore the state; they belong last in the list."""
        if not self._states.saves:
            return [self._states]
        accuracies = [row[SELECTED_BY] for row in self.read_history()]
        return [
            _BestWeights(
                # Keras formats the whole path, in which { may mean itself.
                _weights_path(_escape_format(self._directory), "{epoch:04d}"),
                monitor=SELECTED_BY,
                mode="max",
                save_best_only=True,
                save_weights_only=True,
                initial_value_threshold=max(accuracies, default=None),
            ),
            self._states,
        ]

    def restore_best_weights(self, model: keras.Model) -> str:
        """Gives a model the weights of the epoch with the best val_accuracy, the first of equals.

        Returns:
          The file that they stand in.
        """
        best = find_best(self.read_history())
        path = _weights_path(self._directory, f"{best['epoch']:04d}")
        with interrupts_put_off():
            model.load_weights(path)
        return path

    def delete(self) -> None:
        """Removes the state of a training that has reached its end."""
        # First what leads a later run to all the rest, should this one be killed here.
        self._states.delete()
        remove_folder(self._directory)


def digest_training(
    *,
    files: Sequence[str],
    hyperparameters: Hyperparameters,
    data: DataSpec,
    code_digest: str,
    search: Mapping[str, Any] | None = None,
) -> str:
    """Returns a short name that changes with everything a training depends on.

    Args:
      files: Data and transform graph. Their names and sizes count: TFX never writes to the same
        place twice.
      hyperparameters: Those that change the weights count.
      data: What the images and classes are; what these are called changes no weights.
      code_digest: Digest of the source that trains.
      search: The settings of a search, if it is one of many trainings.
    """
    content = {
        "files": [(file, tf.io.gfile.stat(file).length) for file in files],
        "hyperparameters": hyperparameters.model_dump(exclude=set(CHANGE_NO_WEIGHTS)),
        "data": data.without_names.model_dump(),
        "code_digest": code_digest,
        "search": search,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _read_arrays(path: str) -> list[npt.NDArray[np.generic]]:
    with tf.io.gfile.GFile(path, "rb") as file:
        content = io.BytesIO(file.read())
    with np.load(content) as arrays:
        return list(arrays.values())


def _weights_path(directory: str, epoch: str) -> str:
    return f"{directory}/epoch-{epoch}.weights.h5"


def _escape_format(text: str) -> str:
    """Returns what `str.format` makes `text` of."""
    return text.replace("{", "{{").replace("}", "}}")
