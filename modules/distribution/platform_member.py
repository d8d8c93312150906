"""What a process does that a platform has started as one of several, each with its TF_CONFIG.

Nobody but the platform supervises it. TFX runs the same executor in each, and fails where it finds
no model: so all return from here only once the chief has exported.
"""

import logging
import time
from collections.abc import Callable

import tensorflow as tf

from modules.distribution.cluster import Cluster
from modules.distribution.distribution import Distribution
from modules.distribution.server import start_server
from modules.distribution.start_limit import StartLimit
from modules.distribution.strategy import make_distribution
from modules.training.job import TrainingJob

logger = logging.getLogger(__name__)

# Of the chief, from the last step of the training.
_EXPORT_TIMEOUT_SECONDS = 600


class ChiefsExport:
    """The model that the chief exports, as those see it who share its storage."""

    def __init__(self, directory: str) -> None:
        """Notes what an earlier try of the same task has left there, so as not to wait for that."""
        self._directory = directory
        self._file = f"{directory}/{tf.saved_model.SAVED_MODEL_FILENAME_PB}"
        self._earlier = self._written_at()

    def clear(self) -> None:
        """Removes what an earlier try has left; for the chief, before it meets the others."""
        if tf.io.gfile.exists(self._directory):
            tf.io.gfile.rmtree(self._directory)

    def wait(self, timeout_seconds: float = float("inf")) -> None:
        """Returns when there is a new model.

        Raises:
          TimeoutError: There is none.
        """
        deadline = time.monotonic() + timeout_seconds
        while self._written_at() in (None, self._earlier):
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self._directory}: expected the chief's export within {timeout_seconds:g} s "
                    "after the training. Has the chief failed, and does it see the same storage?"
                )
            time.sleep(1)

    def _written_at(self) -> int | None:
        try:
            return int(tf.io.gfile.stat(self._file).mtime_nsec)
        except tf.errors.NotFoundError:
            return None


def take_part(
    job: TrainingJob,
    cluster: Cluster,
    train: Callable[[TrainingJob, Distribution], None],
    export: ChiefsExport,
) -> None:
    """Trains along with the others, or serves them until the chief has exported.

    Args:
      job: What to train.
      cluster: All processes, and which of them this is.
      train: Trains, given the job and a Distribution.
      export: Where the chief's model will be. All but the chief wait for it.

    Raises:
      ValueError: The cluster is not as the strategy needs it.
      OSError: This process cannot listen on its address.
      TimeoutError: The chief has exported nothing.
    """
    settings = job.hyperparameters
    if cluster.is_chief:
        export.clear()
    elif cluster.serves and settings.strategy == "parameter_server":
        server = start_server(cluster, hide_gpus=settings.hide_gpus)
        logger.info("%s %d: serving at %s", cluster.task, cluster.index, server.target)
        export.wait()
        return
    train(job, _meet_others(job, cluster))
    if not cluster.is_chief:
        export.wait(_EXPORT_TIMEOUT_SECONDS)


def _meet_others(job: TrainingJob, cluster: Cluster) -> Distribution:
    seconds = job.hyperparameters.seconds_to_meet
    logger.info(
        "%s %d: waiting for all of %s, for %g s",
        cluster.task,
        cluster.index,
        dict(cluster.addresses),
        seconds,
    )
    limit = StartLimit(seconds)
    try:
        return make_distribution(job.hyperparameters)
    finally:
        limit.lift()
