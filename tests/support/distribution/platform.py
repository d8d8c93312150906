"""A platform that starts the processes of a training: each has its TF_CONFIG, nobody its place."""

import contextlib
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from modules.distribution.cluster import Cluster, make_clusters
from support.free_ports import find_free_addresses
from support.trainings import Training
from support.waiting import wait_until


@dataclass(frozen=True)
class Ended:
    """How one process ended.

    Attributes:
      exit_code: Its exit code.
      log: What it wrote to its standard error.
    """

    exit_code: int
    log: str


@contextlib.contextmanager
def started(
    training: Training, clusters: Iterable[Cluster]
) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """Runs `run_fn` in processes of a cluster, and yields them by task and index.

    Args:
      training: What they train; its folders are made.
      clusters: The cluster as each of them sees it.
    """
    training.make_folders()
    with contextlib.ExitStack() as running:
        processes = {}
        for cluster in clusters:
            process = subprocess.Popen(
                training.command_apart(
                    "import logging; logging.basicConfig(level=logging.INFO, force=True)"
                ),
                env={**os.environ, **cluster.to_environment()},
                stderr=running.enter_context(log_of(training, cluster.name).open("w")),
            )
            running.callback(process.wait)
            running.callback(process.kill)
            processes[cluster.name] = process
        yield processes


def start_all(
    training: Training, counts: Mapping[str, int], *, present: str = ""
) -> dict[str, Ended]:
    """Runs `run_fn` in each process of a cluster, and returns how each ended, by task and index.

    When one fails, the others are killed.

    Args:
      training: What they train; its folders are made.
      counts: How many processes there are of each kind of task.
      present: The only process that comes, if not all of them do.
    """
    addresses = {task: find_free_addresses(count) for task, count in counts.items()}
    clusters = [cluster for cluster in make_clusters(addresses) if present in {"", cluster.name}]
    with started(training, clusters) as processes:

        def are_over() -> bool:
            exit_codes = {process.poll() for process in processes.values()}
            return None not in exit_codes or bool(exit_codes - {None, 0})

        wait_until(are_over, "the processes to end", pause_seconds=0.1)
    return {
        name: Ended(process.returncode, log_of(training, name).read_text())
        for name, process in processes.items()
    }


def log_of(training: Training, name: str) -> Path:
    """Returns the file of a process's standard error."""
    return training.folder / f"{name}.log"
