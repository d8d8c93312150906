"""A process that takes part in a training, as its supervisor sees it (standard library only)."""

import contextlib
import os
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from modules.distribution.processes.reports import Failure, Report, ReportReader, Stage

_READ_BYTES = 2**16
_LOG_TAIL_BYTES = 2**14


@dataclass(frozen=True, kw_only=True)
class Member:
    """A process that is to be started.

    Attributes:
      name: What messages call it: "worker 1".
      command: The program and its arguments. Two are appended, for `reports.join`: the file
        descriptor to report on, and the process id of the supervisor.
      environment: All of its environment.
      log_path: Where its standard output and error are appended, in a folder that is there.
      serves: Whether it ends only when all others have ended and it is ended: a parameter server.
      is_expendable: Whether it may be lost once all have connected, as long as another one is left
        of which the same is true.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    log_path: Path
    serves: bool = False
    is_expendable: bool = False


class MemberProcess:
    """A member that was started, and what it has told so far.

    Attributes:
      member: What was started.
      reports_fd: Can be read when there are reports.
      end_fd: Can be read when the process has ended, and never sooner: the end of its reports
        would not tell, since whatever it forked may hold their pipe open.
      missing: The stages that it has yet to reach.
      failure: The first that it reported.
      has_hung_up: Whether nobody is left who could report.
      exit_code: None while it runs, negative for a signal.
    """

    def __init__(self, member: Member) -> None:
        """Starts the process.

        It is killed when the thread that started it ends: this is how Linux sees a parent.

        Raises:
          OSError: The program or the log cannot be opened, or there is no room for a process.
        """
        self.member = member
        self.missing = list(Stage)
        self.failure: Failure | None = None
        self.has_hung_up = False
        self.exit_code: int | None = None
        self._reader = ReportReader()
        self.reports_fd, to_write = os.pipe()
        os.set_blocking(self.reports_fd, False)
        try:
            with member.log_path.open("ab") as log:
                self._log_start = log.tell()
                self._process = subprocess.Popen(  # noqa: S603 - the caller's own program
                    [*member.command, str(to_write), str(os.getpid())],
                    env=dict(member.environment),
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=subprocess.STDOUT,
                    pass_fds=[to_write],
                    # The terminal's Ctrl-C is for the supervisor, and a kill is for all below.
                    start_new_session=True,
                )
        except BaseException:
            os.close(self.reports_fd)
            raise
        finally:
            os.close(to_write)
        try:
            self.end_fd = os.pidfd_open(self._process.pid)
        except BaseException:
            self.reap()
            os.close(self.reports_fd)
            raise

    @property
    def pid(self) -> int:
        """The process id, also of its session and process group."""
        return self._process.pid

    @property
    def has_finished(self) -> bool:
        """Whether it did all that it had to."""
        return self.exit_code == 0 and self.failure is None

    @property
    def has_failed(self) -> bool:
        """Whether it said so, or ended when it should not."""
        if self.failure or self.exit_code is None:
            return self.failure is not None
        return self.exit_code != 0 or self.member.serves

    @property
    def is_stopped(self) -> bool:
        """Whether a signal has halted it, by the third field of /proc/PID/stat."""
        stat = Path(f"/proc/{self.pid}/stat").read_text(encoding="utf-8", errors="replace")
        _, _, fields = stat.rpartition(")")  # the second is the program's name
        return fields.split()[0] in {"T", "t"}

    def read(self) -> list[Report] | None:
        """Returns the reports in what is there now, not all of a flood; None if nothing is."""
        try:
            data = os.read(self.reports_fd, _READ_BYTES)
        except BlockingIOError:
            return None
        self.has_hung_up = not data
        return self._reader.feed(data) if data else None

    def reach(self, stage: Stage) -> bool:
        """Notes that it is so far, and returns whether this is further than before."""
        stages = list(Stage)
        left = stages[stages.index(stage) + 1 :]
        is_further = len(left) < len(self.missing)
        if is_further:
            self.missing = left
        return is_further

    def kill(self) -> None:
        """Kills it, and all that it started, unless that was done.

        By SIGKILL: one that connects or computes in C++ heeds nothing else, and nothing is lost,
        as what a training saves is written whole or not at all.
        """
        if self.exit_code is None:
            # Its id is given to no other before it is reaped.
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.pid, signal.SIGKILL)

    def reap(self) -> None:
        """Waits for its end, and ends what is left of what it started."""
        self.kill()
        self.exit_code = self._process.wait()

    def close(self) -> None:
        """Forgets a process that has ended."""
        os.close(self.reports_fd)
        os.close(self.end_fd)

    def last_line(self) -> str:
        """Returns the last line of its log that says anything; none of an earlier try's."""
        try:
            with self.member.log_path.open("rb") as log:
                end = log.seek(0, os.SEEK_END)
                log.seek(max(self._log_start, end - _LOG_TAIL_BYTES))
                lines = log.read().decode(errors="replace").splitlines()
        except OSError:
            return ""
        return next((line.strip() for line in reversed(lines) if line.strip()), "")
