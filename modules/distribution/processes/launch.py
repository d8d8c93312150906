"""Trains in other processes, here or in pods: starts them, and again when one is lost."""

import contextlib
import logging
import os
import shutil
import socket
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import tensorflow as tf

from modules.distribution.cluster import Cluster, make_clusters
from modules.distribution.processes import member
from modules.distribution.processes.supervision import ClusterFault, Member, run_members
from modules.hyperparameters import Hyperparameters
from modules.training.checkpoints import Checkpoints
from modules.training.job import TrainingJob
from modules.training.progress import TrainingProgress, report_epoch, report_step

logger = logging.getLogger(__name__)


def train_in_processes(job: TrainingJob, *, train: str) -> None:
    """Trains a job with a function that each process calls; returns when it is trained.

    When a process is lost, all are started again, as often as `training.restarts` says. They go
    on after the last epoch whose state the chief has saved.

    Args:
      job: What to train.
      train: `module:function`, called with the job and a Distribution.

    Raises:
      ClusterFault: A process failed, or was lost once too often.
    """
    for restart in range(job.hyperparameters.restarts + 1):
        try:
            _train_once(job, train)
        except ClusterFault as fault:
            if not fault.may_pass or restart == job.hyperparameters.restarts:
                raise
            done = Checkpoints(job.checkpoint_dir).epochs_done
            logger.warning(
                "%s. Starting all workers again after epoch %d, restart %d of %d",
                fault,
                done,
                restart + 1,
                job.hyperparameters.restarts,
            )
        else:
            return


def _train_once(job: TrainingJob, train: str) -> None:
    job_path = f"{job.checkpoint_dir}/job.json"
    tf.io.gfile.makedirs(job.checkpoint_dir)
    job.write(job_path)
    if job.hyperparameters.run_workers_in == "pods":
        # Kubernetes' client takes a second to load.
        from modules.distribution.pods.launch import train_in_pods  # noqa: PLC0415

        train_in_pods(job, job_path, train, _count_tasks(job.hyperparameters))
    else:
        _train_here(job, job_path, train)


def _train_here(job: TrainingJob, job_path: str, train: str) -> None:
    with _log_folder(job) as logs, _make_clusters(_count_tasks(job.hyperparameters)) as clusters:
        members = [
            Member(
                name=f"{cluster.task} {cluster.index}",
                command=[sys.executable, "-m", member.__name__, job_path, train],
                environment={**os.environ, **cluster.to_environment()},
                log_path=logs / f"{cluster.task}-{cluster.index}.log",
                serves=cluster.serves,
                is_expendable=cluster.is_expendable,
            )
            for cluster in clusters
        ]
        logger.info("Training in %d processes, which log to %s", len(members), logs)
        run_members(
            members,
            timeout_seconds=job.hyperparameters.worker_timeout_seconds,
            on_progress=_report_progress,
        )


def _count_tasks(hyperparameters: Hyperparameters) -> dict[str, int]:
    """Returns how many processes there are of each kind of task."""
    workers = {"worker": hyperparameters.workers}
    if hyperparameters.strategy == "parameter_server":
        return {"chief": 1, **workers, "ps": hyperparameters.parameter_servers}
    return workers


def _report_progress(name: str, content: Mapping[str, Any]) -> None:  # noqa: ARG001 - only the chief reports
    report = report_epoch if content["ends_epoch"] else report_step
    report(TrainingProgress(**content["progress"]))


@contextlib.contextmanager
def _log_folder(job: TrainingJob) -> Iterator[Path]:
    """Yields a folder of this machine for the logs.

    They are in the checkpoints' folder if the training fails, else in the model run's.
    """
    kept = f"{job.checkpoint_dir}/logs"
    is_remote = "://" in kept
    folder = Path(tempfile.mkdtemp() if is_remote else kept)
    folder.mkdir(exist_ok=True)
    try:
        yield folder
    except ClusterFault as fault:
        if not is_remote:
            raise
        _copy_files(folder, kept)
        raise ClusterFault(
            str(fault).replace(str(folder), kept), may_pass=fault.may_pass
        ) from fault
    else:
        _copy_files(folder, job.model_run_dir)
    finally:
        if is_remote:
            shutil.rmtree(folder)


def _copy_files(source: Path, target: str) -> None:
    tf.io.gfile.makedirs(target)
    for file in source.iterdir():
        tf.io.gfile.copy(str(file), f"{target}/{file.name}", overwrite=True)


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
