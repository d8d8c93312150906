"""What a pod of a training runs, `python -m modules.distribution.pods.member`: see `main`."""

import json
import logging
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from modules.distribution.cluster import make_clusters
from modules.distribution.pods.states import write_failure
from modules.distribution.processes import member
from modules.distribution.processes.reports import Stage
from modules.distribution.start_limit import StartLimit

logger = logging.getLogger(f"{__package__}.member")  # also where it is __main__

# The first pod that fails ends the others: so one that only lost them lets others go first.
_SECONDS_BEHIND_THE_CAUSE = 10


class PodReports:
    """What a pod tells its Trainer: by its end why it failed; how far it is stands in files."""

    def __init__(self, start_timeout_seconds: float, path: Path) -> None:
        """Ends this process if it has not reached Stage.CONNECTED in time; nobody else would."""
        self._path = path
        message = f"the others did not all come within {start_timeout_seconds:g} s"
        self._write(write_failure(message, lost_peers=True))
        self._limit = StartLimit(start_timeout_seconds)

    def reach(self, stage: Stage) -> None:
        """Lets it run for as long as it likes once all have found each other."""
        if stage == Stage.CONNECTED:
            self._limit.lift()
            self._write("")

    def progress(self, content: Mapping[str, Any]) -> None:
        """Tells nothing: the Trainer reads history.json."""

    def fail(self, message: str, *, lost_peers: bool, may_pass: bool = False) -> None:
        """Tells why it is about to end."""
        self._limit.lift()
        self._write(write_failure(message, lost_peers=lost_peers, may_pass=may_pass))
        if lost_peers:
            time.sleep(_SECONDS_BEHIND_THE_CAUSE)

    def _write(self, message: str) -> None:
        try:
            self._path.write_text(message, encoding="utf-8")
        except OSError as error:
            logger.warning(
                "%s: the Trainer will know the log's last lines only: %s", self._path, error
            )


def main(
    job_path: str, train: str, addresses: str, seconds: str, termination_log: str, index: str
) -> None:
    """Trains along with the others.

    Args:
      job_path: File of the TrainingJob.
      train: `module:function` that trains, given the job and a Distribution.
      addresses: JSON of all `host:port`, by kind of task, in the order of their index.
      seconds: How long all of them have to find each other.
      termination_log: File for the cause of a failure, which is then in the pod's status.
      index: Which of them this is.
    """
    member.set_up_log()
    cluster = make_clusters(json.loads(addresses))[int(index)]
    cluster.enter()
    logger.info("%s: waiting for all of %s, for %s s", cluster.name, addresses, seconds)
    member.take_part(job_path, train, PodReports(float(seconds), Path(termination_log)))


if __name__ == "__main__":
    main(*sys.argv[1:])
