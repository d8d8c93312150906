"""What a process does that a platform has started as one of several, each with its TF_CONFIG.

Nobody but the platform supervises it. TFX runs the same executor in each, and fails where it finds
no model: so all return from here only once the chief has exported.
"""

import logging
import socket
import time
from collections.abc import Callable

import tensorflow as tf

from modules.distribution.cluster import Cluster
from modules.distribution.distribution import Distribution
from modules.distribution.server import start_server
from modules.distribution.start_limit import StartLimit
from modules.distribution.strategy import make_distribution
from modules.folders import remove_folder
from modules.training.job import TrainingJob

logger = logging.getLogger(__name__)

# Of the chief, from the last step of the training.
_EXPORT_TIMEOUT_SECONDS = 600
_POLL_SECONDS = 1
_CONNECT_TIMEOUT_SECONDS = 5


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
            remove_folder(self._directory)

    def is_there(self) -> bool:
        """Whether there is a new model, as far as storage answers."""
        try:
            return self._written_at() not in {None, self._earlier}
        except tf.errors.OpError as error:
            logger.warning("%s: %s", self._file, error)
            return False

    def wait(self, timeout_seconds: float) -> None:
        """Returns when there is a new model.

        Raises:
          TimeoutError: There is none.
        """
        deadline = time.monotonic() + timeout_seconds
        while not self.is_there():
            if time.monotonic() > deadline:
                raise TimeoutError(
                    f"{self._directory}: expected the chief's export within {timeout_seconds:g} s "
                    "after the training. Has the chief failed, and does it see the same storage?"
                )
            time.sleep(_POLL_SECONDS)

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
      TimeoutError: The chief did not come, was lost, or has exported nothing.
    """
    settings = job.hyperparameters
    if cluster.is_chief:
        export.clear()
    elif cluster.serves and settings.strategy == "parameter_server":
        _serve(job, cluster, export)
        return
    train(job, _meet_others(job, cluster))
    if not cluster.is_chief:
        export.wait(_EXPORT_TIMEOUT_SECONDS)


def _serve(job: TrainingJob, cluster: Cluster, export: ChiefsExport) -> None:
    """Does what the chief says for as long as it listens, and until it has exported."""
    settings = job.hyperparameters
    server = start_server(cluster, hide_gpus=settings.hide_gpus)
    logger.info("%s: serving at %s", cluster.name, server.target)
    seen, patience = time.monotonic(), settings.seconds_to_meet
    while True:
        # While the chief listens, nobody else asks the storage.
        if _listens(cluster.chief_address):
            seen, patience = time.monotonic(), settings.worker_timeout_seconds
        elif export.is_there():
            return
        elif time.monotonic() - seen > patience:
            raise TimeoutError(
                f"{cluster.chief_address}: the chief has not listened for {patience:g} s, and has "
                "exported nothing."
            )
        time.sleep(_POLL_SECONDS)


def _listens(address: str) -> bool:
    host, _, port = address.rpartition(":")
    try:
        with socket.create_connection((host.strip("[]"), int(port)), _CONNECT_TIMEOUT_SECONDS):
            return True
    except OSError:
        return False


def _meet_others(job: TrainingJob, cluster: Cluster) -> Distribution:
    seconds = job.hyperparameters.seconds_to_meet
    logger.info(
        "%s: waiting for all of %s, for %g s", cluster.name, dict(cluster.addresses), seconds
    )
    limit = StartLimit(seconds)
    try:
        return make_distribution(job.hyperparameters)
    finally:
        limit.lift()
