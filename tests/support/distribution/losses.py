"""Trainings that lose members of their cluster, as `module:function` for the members."""

import logging
import os
import select
import signal
import sys
from pathlib import Path

from modules import trainer
from modules.distribution.cluster import read_cluster
from modules.distribution.distribution import Distribution
from modules.training import progress
from modules.training.checkpoints import Checkpoints
from modules.training.job import TrainingJob
from modules.training.progress import progress_of


def stop_a_server(job: TrainingJob, distribution: Distribution) -> None:
    """Trains, when a signal has stopped a parameter server."""
    os.kill(_find_member("ps"), signal.SIGSTOP)
    trainer.train(job, distribution)


def lose_a_server_then_a_worker(job: TrainingJob, distribution: Distribution) -> None:
    """Trains, and kills a parameter server in the second epoch; in the next try, a worker."""
    is_first_try = not Checkpoints(job.checkpoint_dir).epochs_done
    progress.logger.addHandler(_Killer("ps" if is_first_try else "worker"))
    trainer.train(job, distribution)


def lose_each_worker_in_turn(job: TrainingJob, distribution: Distribution) -> None:
    """Trains, and kills worker 1 in the second epoch, in the next try worker 0, then nobody."""
    _lose(["worker 1", "worker 0"], job)
    trainer.train(job, distribution)


def lose_the_parent(job: TrainingJob, distribution: Distribution) -> None:
    """Trains, and kills in the second epoch whoever started this; in the next try nobody."""
    _lose(["parent"], job)
    trainer.train(job, distribution)


def lose_a_pod(job: TrainingJob, distribution: Distribution) -> None:
    """Trains in pods, and kills the second one in the second epoch; in the next try nobody."""
    _lose(["pod 1"], job)
    trainer.train(job, distribution)


def _lose(victims: list[str], job: TrainingJob) -> None:
    """Has the chief, who alone reports progress, kill one in each try."""
    cluster = read_cluster()
    assert cluster
    tries = Path(job.model_run_dir) / "tries"
    if cluster.is_chief:
        with tries.open("a") as file:
            file.write("x")
        number = tries.stat().st_size
        if number <= len(victims):
            progress.logger.addHandler(_Killer(victims[number - 1]))


class _Killer(logging.Handler):
    """Kills a process in the second epoch, and waits for its end before the training goes on.

    It is a member, "ps" for the last of the parameter servers; whoever started this process; or
    the pod of an index, where each pod is a process of this machine.
    """

    def __init__(self, victim: str) -> None:
        super().__init__()
        self._victim = victim
        self._has_killed = False

    def emit(self, record: logging.LogRecord) -> None:
        told = progress_of(record)
        if told and told.epoch == 2 and not self._has_killed:
            self._has_killed = True
            _kill(_find(self._victim))


def _find(victim: str) -> int:
    if victim == "parent":
        return os.getppid()
    if victim.startswith("pod "):
        return _find_pod(victim.removeprefix("pod "))
    return _find_member(victim)


def _find_pod(index: str) -> int:
    """Returns the process whose command is this one's, but for the index at its end."""
    _, _, _, addresses, *_ = sys.argv
    words = {pid: _read(pid, "cmdline") for pid in _processes()}
    (pid,) = [pid for pid, each in words.items() if addresses in each and each[-1] == index]
    return pid


def _find_member(name: str) -> int:
    task, _, index = name.partition(" ")
    cluster = read_cluster()
    assert cluster
    address = cluster.addresses[task][int(index or -1)]
    (pid,) = [pid for pid in _processes() if _is_member(pid, address, task)]
    return pid


def _kill(pid: int) -> None:
    process = os.pidfd_open(pid)
    os.kill(pid, signal.SIGKILL)
    select.select([process], [], [])  # until it has ended


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").glob("[0-9]*")]


def _is_member(pid: int, address: str, task: str) -> bool:
    for variable in _read(pid, "environ"):
        name, _, value = variable.partition("=")
        if name == "TF_CONFIG" and value:
            cluster = read_cluster({name: value})
            return cluster is not None and (cluster.task, cluster.own_address) == (task, address)
    return False


def _read(pid: int, name: str) -> list[str]:
    """Returns the words of a command or an environment."""
    try:
        text = Path(f"/proc/{pid}/{name}").read_text()
    except OSError:  # it has ended, or is somebody else's
        return []
    return text.removesuffix("\0").split("\0")
