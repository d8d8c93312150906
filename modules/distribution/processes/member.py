"""What one process of a training does, with the arguments `JOB TRAIN FD PID`.

It imports TensorFlow once its supervisor knows that it runs.
"""

import importlib
import logging
import os
import sys
from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, NoReturn, Protocol

from modules.distribution.cluster import Cluster, read_cluster
from modules.distribution.processes.reports import Stage, join
from modules.training.progress import logger as progress_logger
from modules.training.progress import progress_of

# By its name as a module: it runs as __main__.
logger = logging.getLogger("modules.distribution.processes.member")

# What TensorFlow raises in a process whose peers no longer answer.
_LOST_PEERS = {"AbortedError", "CancelledError", "DeadlineExceededError", "UnavailableError"}
# What it raised once, at the start of a cluster that nobody disturbed; no cause was found.
_MAY_PASS = {"InternalError"}
# What it says of an error within a tf.function before it comes to it.
_BEFORE_THE_CAUSE = ("Graph execution error", "Detected at node")
# How it begins the first of several, of which it says before only how many there are.
_FIRST_OF_SEVERAL = "  (0)"


class Listener(Protocol):
    """Whom a member tells how it gets on: `reports.Reports`, or the like."""

    def reach(self, stage: Stage) -> None:
        """Takes note of how far it is."""

    def progress(self, content: Mapping[str, Any]) -> None:
        """Takes note of where the training stands."""

    def fail(self, message: str, *, lost_peers: bool, may_pass: bool) -> None:
        """Takes note of why it is about to end."""


class _Forwarder(logging.Handler):
    """Passes the progress of the training on to the supervisor."""

    def __init__(self, reports: Listener) -> None:
        super().__init__()
        self._reports = reports

    def emit(self, record: logging.LogRecord) -> None:
        progress = progress_of(record)
        if progress is not None:
            ends_epoch = record.levelno >= logging.INFO
            self._reports.progress({"progress": asdict(progress), "ends_epoch": ends_epoch})


def main(job_path: str, train: str, reports_fd: int, parent_pid: int) -> None:
    """Trains along with the others, or serves, and tells the supervisor how that went.

    Args:
      job_path: File of the TrainingJob.
      train: `module:function` that trains, given the job and a Distribution.
      reports_fd: As for `modules.distribution.processes.reports.join`.
      parent_pid: The same.
    """
    reports = join(reports_fd, parent_pid)
    set_up_log()
    take_part(job_path, train, reports)


def set_up_log() -> None:
    """Has this process log what it does."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    logging.getLogger("modules").setLevel(logging.INFO)


def take_part(job_path: str, train: str, reports: Listener) -> NoReturn:
    """Trains or serves, as the process that TF_CONFIG names, and ends this process.

    Args:
      job_path: File of the TrainingJob.
      train: As for `main`.
      reports: Is told how that goes.
    """
    try:
        cluster = read_cluster()
        if cluster is not None and cluster.serves:
            _serve(job_path, cluster, reports)
        _train(job_path, train, reports)
    except Exception as error:
        logger.exception("The training failed")
        reports.fail(
            f"{type(error).__name__}: {_find_cause(error)}",
            # By name, since it may be TensorFlow that could not be loaded.
            lost_peers=type(error).__name__ in _LOST_PEERS,
            # Python's own: a port is taken, a file system is full. By its type hardly an error of
            # TensorFlow's tells what passes from what would come again.
            may_pass=isinstance(error, OSError) or type(error).__name__ in _MAY_PASS,
        )
        _end(1)
    _end(0)


def _train(job_path: str, train: str, reports: Listener) -> None:
    from modules.distribution.strategy import make_distribution  # noqa: PLC0415 - takes seconds
    from modules.training.job import TrainingJob  # noqa: PLC0415 - the same

    module, _, function = train.partition(":")
    train_here = getattr(importlib.import_module(module), function)
    job = TrainingJob.read(job_path)
    reports.reach(Stage.LOADED)
    progress_logger.setLevel(logging.DEBUG)
    progress_logger.addHandler(_Forwarder(reports))
    distribution = make_distribution(job.hyperparameters)
    reports.reach(Stage.CONNECTED)
    train_here(job, distribution)


def _serve(job_path: str, cluster: Cluster, reports: Listener) -> NoReturn:
    """Does what the chief says, until the supervisor ends it."""
    from modules.distribution.server import start_server  # noqa: PLC0415 - takes seconds
    from modules.training.job import TrainingJob  # noqa: PLC0415 - the same

    job = TrainingJob.read(job_path)
    reports.reach(Stage.LOADED)
    server = start_server(cluster, hide_gpus=job.hyperparameters.hide_gpus)
    reports.reach(Stage.CONNECTED)
    while True:
        server.join()


def _find_cause(error: Exception) -> str:
    """Returns the line that says what happened, without TensorFlow's account of where."""
    lines = [line for line in str(error).splitlines() if line.strip()]
    for line in lines:
        if line.startswith(_FIRST_OF_SEVERAL):
            return line.strip()
    causes = (line for line in lines if not line.startswith((" ", *_BEFORE_THE_CAUSE)))
    return next(causes, "")


def _end(exit_code: int) -> NoReturn:
    """Ends at once: TensorFlow would wait for peers, and say much about those that have gone."""
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(exit_code)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
