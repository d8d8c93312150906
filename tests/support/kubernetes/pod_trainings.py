"""Trainings whose workers are pods: what they are asked for, and how they fail."""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from modules.distribution.launch import train_apart
from modules.distribution.members.causes import ClusterFault
from modules.hyperparameters import Hyperparameters
from modules.training.job import TrainingJob
from support.kubernetes.stand_in import KubernetesStandIn

# What a pod runs, as a statement of Python: it waits until it is killed.
NEVER_ENDS = "signal.pause()"


def make_job(folder: Path, **hyperparameters: Any) -> TrainingJob:
    """Returns a job for two pods, with nothing to train on; no fault of theirs is healed."""
    settings = {"restarts": 0, "strategy": "multi_worker_mirrored", "workers": 2}
    (folder / "model_run").mkdir()
    return TrainingJob(
        train_files=(),
        eval_files=(),
        transform_graph_path="",
        model_run_dir=str(folder / "model_run"),
        checkpoint_dir=str(folder / "checkpoints"),
        hyperparameters=Hyperparameters.model_validate(
            {**settings, "run_workers_in": "pods", **hyperparameters}
        ),
    )


def fault_of(job: TrainingJob) -> ClusterFault:
    """Returns why a job is not trained."""
    with pytest.raises(ClusterFault) as raised:
        train_apart(job, train="none:none")
    return raised.value


@contextmanager
def hanging(kubernetes: KubernetesStandIn, hangs: Callable[[str, str], bool]) -> Iterator[None]:
    """Has requests wait for their answers until the block ends: those of a verb and a resource."""
    is_over = threading.Event()

    def hang(verb: str, resource: str) -> None:
        if hangs(verb, resource):
            is_over.wait()

    kubernetes.on_request = hang
    try:
        yield
    finally:
        is_over.set()


def break_once(
    kubernetes: KubernetesStandIn, requests: set[tuple[str, str]], error: type[ConnectionError]
) -> set[tuple[str, str]]:
    """Has a connection break before, or within, the first answer to each of some requests.

    Returns:
      Those to which this has yet to happen.
    """
    left = set(requests)

    def break_off(verb: str, resource: str) -> None:
        if (verb, resource) in left:
            left.remove((verb, resource))
            raise error

    kubernetes.on_request = break_off
    return left
