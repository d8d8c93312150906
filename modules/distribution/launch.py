"""Trains in other processes, of this machine or in pods; in all of them again when one is lost."""

import logging

import tensorflow as tf

from modules.distribution.members.causes import ClusterFault
from modules.distribution.processes.launch import train_in_processes
from modules.training.checkpoints import Checkpoints
from modules.training.job import TrainingJob

logger = logging.getLogger(__name__)


def train_apart(job: TrainingJob, *, train: str) -> None:
    """Trains a job with a function that each process calls; returns when it is trained.

    When a process is lost, all are started again, as often as `training.restarts` says. They go
    on after the last epoch whose state the chief has saved.

    Args:
      job: What to train.
      train: `module:function`, called with the job and a Distribution.

    Raises:
      ClusterFault: A process failed, or was lost once too often.
      ValueError: Workers are to be pods, and this process does not run in one.
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
    tasks = job.hyperparameters.tasks
    if job.hyperparameters.run_workers_in == "pods":
        # Kubernetes' client takes a second to load.
        from modules.distribution.pods.launch import train_in_pods  # noqa: PLC0415

        train_in_pods(job, job_path, train, tasks)
    else:
        train_in_processes(job, job_path, train, tasks)
