"""A training whose processes are started by a test, on addresses that it chooses."""

import os
import sys
from collections.abc import Mapping, Sequence

from modules.distribution.cluster import make_clusters
from modules.distribution.members.logs import log_name
from modules.distribution.processes import member
from modules.distribution.processes.supervision import SETTLE_SECONDS, Member, run_members
from support.project import PROJECT
from support.trainings import Training
from support.waiting import DEADLINE_SECONDS

WITH_SUPPORT = {**os.environ, "PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests'}"}


def run_by_hand(
    training: Training,
    addresses: Mapping[str, Sequence[str]],
    train: str,
    *,
    settle_seconds: float = SETTLE_SECONDS,
) -> None:
    """Trains as `train_in_processes` does, once, and with all patience.

    Args:
      training: What they train; each logs to its folder.
      addresses: Where they are to listen, by kind of task.
      train: `module:function`, called with the job and a Distribution.
      settle_seconds: As for `run_members`.
    """
    job_path = training.write_job()
    members = [
        Member(
            name=cluster.name,
            command=[sys.executable, "-m", member.__name__, job_path, train],
            environment={**WITH_SUPPORT, **cluster.to_environment()},
            log_path=training.folder / log_name(cluster.name),
            serves=cluster.serves,
        )
        for cluster in make_clusters(addresses)
    ]
    run_members(
        members,
        timeout_seconds=DEADLINE_SECONDS,
        settle_seconds=settle_seconds,
        on_progress=lambda *_: None,
    )
