"""A platform that starts the processes of a training: each has its TF_CONFIG, nobody its place."""

import contextlib
import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from modules.distribution.cluster import make_clusters
from support.free_ports import find_free_ports
from support.trainings import Training


@dataclass(frozen=True)
class Ended:
    """How one process ended.

    Attributes:
      exit_code: Its exit code.
      log: What it wrote to its standard error.
    """

    exit_code: int
    log: str


def start_all(
    training: Training, counts: Mapping[str, int], *, present: str = ""
) -> dict[str, Ended]:
    """Runs `run_fn` in each process of a cluster, and returns how each ended, by task and index.

    Args:
      training: What they train; its folders are made.
      counts: How many processes there are of each kind of task.
      present: The only process that comes, if not all of them do.
    """
    training.make_folders()
    addresses = {
        task: [f"127.0.0.1:{port}" for port in find_free_ports(count)]
        for task, count in counts.items()
    }
    with contextlib.ExitStack() as running:
        processes = {}
        for cluster in make_clusters(addresses):
            name = f"{cluster.task} {cluster.index}"
            if present not in ("", name):
                continue
            process = subprocess.Popen(
                training.command_apart(
                    "import logging; logging.basicConfig(level=logging.INFO, force=True)"
                ),
                env={**os.environ, **cluster.to_environment()},
                stderr=running.enter_context(_log(training, name).open("w")),
            )
            running.callback(process.kill)
            processes[name] = process
        for process in processes.values():
            process.wait()
    return {
        name: Ended(process.returncode, _log(training, name).read_text())
        for name, process in processes.items()
    }


def _log(training: Training, name: str) -> Path:
    return training.folder / f"{name}.log"
