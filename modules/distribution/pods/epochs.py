"""Tells of the epochs of a training that goes on elsewhere, by the history that it writes."""

import json
import logging

import tensorflow as tf

from modules.training.history import HISTORY_FILE, EpochRow
from modules.training.job import TrainingJob
from modules.training.progress import TrainingProgress, report_epoch

logger = logging.getLogger(__name__)


class NewEpochs:
    """The epochs that were not told of."""

    def __init__(self, job: TrainingJob) -> None:
        """Leaves out those that an earlier try did."""
        self._path = f"{job.checkpoint_dir}/{HISTORY_FILE}"
        self._epochs = job.hyperparameters.epochs
        self._told = len(self._read())

    def report(self) -> None:
        """Reports them; what cannot be read now is left for later."""
        rows = self._read()
        for row in rows[self._told :]:
            metrics = {name: value for name, value in row.items() if name != "epoch"}
            # The history counts epochs only: each is one step.
            report_epoch(
                TrainingProgress(
                    epoch=int(row["epoch"]), epochs=self._epochs, step=1, steps=1, metrics=metrics
                )
            )
        self._told = max(self._told, len(rows))

    def _read(self) -> list[EpochRow]:
        try:
            with tf.io.gfile.GFile(self._path) as file:
                rows: list[EpochRow] = json.loads(file.read())
        except tf.errors.NotFoundError:
            return []
        except (tf.errors.OpError, ValueError) as error:
            logger.debug("%s: %s", self._path, error)
            return []
        return rows
