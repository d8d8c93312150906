"""Trains in other processes of this machine: gives them addresses and logs, and runs them."""

import contextlib
import logging
import os
import socket
import sys
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from modules.distribution.cluster import Cluster, make_clusters
from modules.distribution.members.logs import keep_logs, log_name
from modules.distribution.processes import member
from modules.distribution.processes.supervision import Member, run_members
from modules.training.job import TrainingJob
from modules.training.progress import TrainingProgress, report_epoch, report_step

logger = logging.getLogger(__name__)


def train_in_processes(
    job: TrainingJob, job_path: str, train: str, tasks: Mapping[str, int]
) -> None:
    """Trains once in processes of this machine; none is left.

    Args:
      job: What to train.
      job_path: Where the processes find it.
      train: `module:function`, called with the job and a Distribution.
      tasks: How many processes there are of each kind of task; the first one writes.

    Raises:
      ClusterFault: A process failed or was lost.
    """
    with keep_logs(job) as logs, _make_clusters(tasks) as clusters:
        members = [_make_member(cluster, [job_path, train], logs) for cluster in clusters]
        logger.info("Training in %d processes, which log to %s", len(members), logs)
        run_members(
            members,
            timeout_seconds=job.hyperparameters.worker_timeout_seconds,
            on_progress=_report_progress,
        )


def _make_member(cluster: Cluster, arguments: Sequence[str], logs: Path) -> Member:
    return Member(
        name=cluster.name,
        command=[sys.executable, "-m", member.__name__, *arguments],
        environment={**os.environ, **cluster.to_environment()},
        log_path=logs / log_name(cluster.name),
        serves=cluster.serves,
        is_expendable=cluster.is_expendable,
    )


def _report_progress(name: str, content: Mapping[str, Any]) -> None:  # noqa: ARG001 - only the chief reports
    report = report_epoch if content["ends_epoch"] else report_step
    report(TrainingProgress(**content["progress"]))


@contextlib.contextmanager
def _make_clusters(counts: Mapping[str, int]) -> Iterator[list[Cluster]]:
    """Yields the cluster as each process sees it, on ports that nobody else gets meanwhile."""
    with contextlib.ExitStack() as held:
        addresses = {
            task: [_hold_port(held) for _ in range(count)] for task, count in counts.items()
        }
        yield make_clusters(addresses)


def _hold_port(held: contextlib.ExitStack) -> str:
    """Returns an address of this machine on which one process can listen while we hold it."""
    holder = held.enter_context(socket.socket())
    # The one socket that listens on a port may share it with those that do not.
    holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    holder.bind(("127.0.0.1", 0))
    return f"127.0.0.1:{holder.getsockname()[1]}"
