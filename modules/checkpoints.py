"""What a training leaves on disk after each epoch, so that a killed run goes on where it was."""

import hashlib
import json
from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from modules.callbacks import EpochRow
from modules.hyperparameters import Hyperparameters

# The name that keras.callbacks.BackupAndRestore gives the file that says how far it came.
_KERAS_METADATA_FILE = "training_metadata.json"


class Checkpoints:
    """The state of one training, in a directory of its own.

    The directory is named by a digest of all that the training depends on. A new run of the same
    training finds the state that a killed run left; one with another configuration, other data or
    other code does not.
    """

    def __init__(self, directory: str) -> None:
        """Uses the directory and creates it if need be.

        Args:
          directory: Where the state is or will be; see `digest_training` for its name.
        """
        tf.io.gfile.makedirs(directory)
        self._directory = directory
        self._state_directory = f"{directory}/state"
        self.history_path = f"{directory}/history.json"

    def count_epochs_done(self) -> int:
        """Returns how many epochs are behind the state that will be restored."""
        path = f"{self._state_directory}/{_KERAS_METADATA_FILE}"
        return int(_read_json(path)["epoch"]) if tf.io.gfile.exists(path) else 0

    def read_history(self) -> list[EpochRow]:
        """Returns the rows of the epochs that need not be trained again."""
        if not tf.io.gfile.exists(self.history_path):
            return []
        rows: list[EpochRow] = _read_json(self.history_path)
        # A run can be killed after it wrote the row and before it saved the state.
        return rows[: self.count_epochs_done()]

    def make_callbacks(self) -> list[keras.callbacks.Callback]:
        """Returns the callbacks that save and restore the state; they belong last in the list."""
        accuracies = [row["val_accuracy"] for row in self.read_history()]
        return [
            keras.callbacks.ModelCheckpoint(
                self._weights_path("{epoch:04d}"),
                monitor="val_accuracy",
                mode="max",
                save_best_only=True,
                save_weights_only=True,
                initial_value_threshold=max(accuracies, default=None),
            ),
            # Two states: a run can be killed while it writes one. They stay until the model is
            # exported, hence not deleted with the end of the training.
            keras.callbacks.BackupAndRestore(
                self._state_directory,
                save_freq="epoch",
                double_checkpoint=True,
                delete_checkpoint=False,
            ),
        ]

    def find_best_weights(self) -> str:
        """Returns the weights file of the epoch with the best val_accuracy, the first of equals."""
        best = max(self.read_history(), key=lambda row: row["val_accuracy"])
        return self._weights_path(f"{best['epoch']:04d}")

    def delete(self) -> None:
        """Removes the state of a training that has reached its end."""
        tf.io.gfile.rmtree(self._directory)

    def _weights_path(self, epoch: str) -> str:
        return f"{self._directory}/epoch-{epoch}.weights.h5"


def digest_training(
    *, files: Sequence[str], hyperparameters: Hyperparameters, code_digest: str
) -> str:
    """Returns a short name that changes with everything a training depends on.

    Args:
      files: Data and transform graph. Their names and sizes count: TFX never writes to the same
        place twice.
      hyperparameters: All of them.
      code_digest: Digest of the source that trains.
    """
    content = {
        "files": [(file, tf.io.gfile.stat(file).length) for file in files],
        "hyperparameters": hyperparameters.model_dump(),
        "code_digest": code_digest,
    }
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()[:16]


def _read_json(path: str) -> Any:
    with tf.io.gfile.GFile(path) as file:
        return json.loads(file.read())
