"""What is trained, on which files, and where its state is: all that a process needs to join."""

from typing import Self

import tensorflow as tf
from pydantic import BaseModel, ConfigDict

from modules.data_spec import DataSpec
from modules.hyperparameters import Hyperparameters
from modules.training.whole_file import write_whole


class TrainingJob(BaseModel):
    """One training, as its processes hand it on to each other.

    Attributes:
      train_files: Patterns of the TFRecord files to train on.
      eval_files: The same, to validate on.
      transform_graph_path: What Transform made.
      model_run_dir: For history and TensorBoard.
      checkpoint_dir: For the state after each epoch, and the best weights.
      hyperparameters: All of them.
      data: What the images and classes are.
      tuned: The names of those that a Tuner has chosen.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    train_files: tuple[str, ...]
    eval_files: tuple[str, ...]
    transform_graph_path: str
    model_run_dir: str
    checkpoint_dir: str
    hyperparameters: Hyperparameters
    data: DataSpec = DataSpec()
    tuned: tuple[str, ...] = ()

    def write(self, path: str) -> None:
        """Writes it, for `read`, on any file system of TensorFlow's."""
        write_whole(path, self.model_dump_json().encode())

    @classmethod
    def read(cls, path: str) -> Self:
        """Reads what `write` wrote."""
        with tf.io.gfile.GFile(path) as file:
            return cls.model_validate_json(file.read())
