"""Starts the processes of a training, watches them and ends them (standard library only).

Whatever happens, none of them is left behind: not by an error, not by Ctrl-C or SIGTERM, which wait
until all have ended, and not by a kill of this process (see `reports.join`).
"""

import logging
import selectors
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

from modules.distribution.members.causes import ClusterFault
from modules.distribution.processes import faults
from modules.distribution.processes.member_process import Member, MemberProcess
from modules.distribution.processes.reports import Failure, Progress, Report, Stage
from modules.training.interrupts import WaitingInterrupts, interrupts_to_wait_for

__all__ = ["Member", "run_members"]

# How long members may go on once one has failed, to tell what they know of it.
SETTLE_SECONDS = 10.0
_SECONDS_BETWEEN_LOOKS = 1.0

logger = logging.getLogger(__name__)

_OnProgress = Callable[[str, Mapping[str, Any]], None]


def run_members(
    members: Sequence[Member],
    *,
    timeout_seconds: float,
    on_progress: _OnProgress,
    settle_seconds: float = SETTLE_SECONDS,
) -> None:
    """Runs all members until those that do not serve have finished; then ends the servers.

    Args:
      members: What to start, in this order.
      timeout_seconds: The longest time without a step while they start and find each other, from
        the end of the first to the end of the last, and for which one may be stopped by a signal.
        While they work, they themselves see that they get no further.
      on_progress: Called with a member's name and what it reports of its work. Ctrl-C waits for
        its return, and so do members that report much.
      settle_seconds: How long the others may go on once one has failed, to tell what they know of
        it; never more than `timeout_seconds`.

    Raises:
      ClusterFault: They could not do their work. By then all have ended, as they have on any other
        error, or interrupt, that comes out of this.
    """
    with interrupts_to_wait_for() as interrupts, selectors.DefaultSelector() as selector:
        supervisor = _Supervisor(selector, timeout_seconds, settle_seconds, on_progress)
        try:
            supervisor.wake_on(interrupts)
            for member in members:
                supervisor.start(member)
            supervisor.watch()
        finally:
            supervisor.end()


class _Supervisor:
    """What is known of the members, and how long it may stay as it is."""

    def __init__(
        self,
        selector: selectors.BaseSelector,
        timeout_seconds: float,
        settle_seconds: float,
        on_progress: _OnProgress,
    ) -> None:
        self._selector = selector
        self._timeout_seconds = timeout_seconds
        self._settle_seconds = min(settle_seconds, timeout_seconds)
        self._on_progress = on_progress
        self._processes: list[MemberProcess] = []
        self._failed: list[MemberProcess] = []  # in the order in which it was seen
        self._time_of_step = time.monotonic()
        self._time_of_finish: float | None = None  # of the first
        self._time_of_failure: float | None = None  # of the first
        self._time_of_look = time.monotonic()  # for those that are stopped
        self._stopped_since: dict[MemberProcess, float] = {}

    def wake_on(self, interrupts: WaitingInterrupts) -> None:
        """Gives up when an interrupt waits."""

        def give_up() -> None:
            for number in interrupts.take():
                raise faults.interrupted(number)

        self._on_readable(interrupts, give_up)

    def start(self, member: Member) -> None:
        """Starts a member."""
        try:
            process = MemberProcess(member)
        except OSError as error:
            raise faults.not_started(member, error) from error
        self._processes.append(process)
        self._on_readable(process.reports_fd, partial(self._read, process))
        self._on_readable(process.end_fd, partial(self._reap, process))
        self._time_of_step = time.monotonic()
        logger.info("Started %s: process %d, log %s", member.name, process.pid, member.log_path)

    def watch(self) -> None:
        """Returns when all have finished that do not serve, or raises what is wrong."""
        while any(not process.has_finished for process in self._workers()):
            if self._failed and self._have_told():
                raise self._fault()
            looked = time.monotonic()
            for key, _ in self._selector.select(self._seconds_to_next_look(looked)):
                key.data()
            # Late is what was so before all was read: this process may have been held up itself.
            if self._seconds_left(looked) == 0:
                raise self._fault()
            if time.monotonic() - self._time_of_look > _SECONDS_BETWEEN_LOOKS:
                self._refuse_stopped()

    def end(self) -> None:
        """Leaves no process and no open file."""
        for process in self._processes:
            process.kill()
        for process in self._processes:
            process.reap()
            process.close()

    def _on_readable(self, file: int | WaitingInterrupts, do: Callable[[], None]) -> None:
        self._selector.register(file, selectors.EVENT_READ, do)

    def _ignore(self, file_descriptor: int) -> None:
        if file_descriptor in self._selector.get_map():
            self._selector.unregister(file_descriptor)

    def _workers(self) -> list[MemberProcess]:
        return [process for process in self._processes if not process.member.serves]

    def _running(self) -> list[MemberProcess]:
        return [process for process in self._processes if process.exit_code is None]

    def _have_told(self) -> bool:
        """Returns whether nobody is left who could tell more of a failure.

        Servers end when the others have, so they are waited for only if no cause is known yet.
        """
        running = self._running()
        only_servers = all(process.member.serves for process in running)
        return not running or (only_servers and any(map(faults.explains, self._failed)))

    def _deadline(self) -> float | None:
        if self._time_of_failure is not None:
            return self._time_of_failure + self._settle_seconds
        if self._time_of_finish is not None:
            return self._time_of_finish + self._timeout_seconds
        if any(process.missing for process in self._processes):
            return self._time_of_step + self._timeout_seconds
        return None

    def _refuse_stopped(self) -> None:
        """Refuses those that have been stopped for too long; who waits for them may see nothing."""
        self._time_of_look = now = time.monotonic()
        self._stopped_since = {
            process: self._stopped_since.get(process, now)
            for process in self._running()
            if process.is_stopped
        }
        late = [
            process
            for process, since in self._stopped_since.items()
            if now - since > self._timeout_seconds
        ]
        if late and not self._failed:
            raise faults.stopped(late, self._timeout_seconds)

    def _seconds_to_next_look(self, now: float) -> float:
        left = self._seconds_left(now)
        return _SECONDS_BETWEEN_LOOKS if left is None else min(left, _SECONDS_BETWEEN_LOOKS)

    def _seconds_left(self, now: float) -> float | None:
        deadline = self._deadline()
        return None if deadline is None else max(0.0, deadline - now)

    def _fault(self) -> ClusterFault:
        running = self._running()
        if self._failed:
            silent = [process for process in running if not process.failure]
            return faults.root_cause(self._failed, silent)
        if self._time_of_finish is not None:
            late = [process for process in running if not process.member.serves]
            return faults.stuck_at_end(late, self._timeout_seconds)
        return faults.stuck_in_start_up(running, self._timeout_seconds)

    def _read(self, process: MemberProcess) -> None:
        self._take(process, process.read() or [])
        if process.has_hung_up:  # its end is still seen
            self._ignore(process.reports_fd)

    def _reap(self, process: MemberProcess) -> None:
        process.reap()
        while (reports := process.read()) is not None:
            self._take(process, reports)
        self._ignore(process.reports_fd)
        self._ignore(process.end_fd)
        self._note_end(process)

    def _take(self, process: MemberProcess, reports: Iterable[Report]) -> None:
        for report in reports:
            match report:
                case Stage():
                    if process.reach(report):
                        self._time_of_step = time.monotonic()
                case Progress(content):
                    self._on_progress(process.member.name, content)
                case Failure():
                    process.failure = process.failure or report
                    self._note_end(process)

    def _note_end(self, process: MemberProcess) -> None:
        """Notes that a member has finished or failed, and when the first one did."""
        now = time.monotonic()
        if self._can_spare(process):
            logger.warning("%s. The others go on without it.", faults.root_cause([process], []))
        elif process.has_failed and process not in self._failed:
            self._failed.append(process)
            self._time_of_failure = self._time_of_failure or now
        if process.has_finished and not process.member.serves:
            self._time_of_finish = self._time_of_finish or now

    def _can_spare(self, process: MemberProcess) -> bool:
        """Returns whether a member has ended whose work others do from now on."""
        if not process.member.is_expendable or process.exit_code is None or process.failure:
            return False
        others = [each for each in self._running() if each.member.is_expendable]
        return any(others) and not any(each.missing for each in self._processes)
