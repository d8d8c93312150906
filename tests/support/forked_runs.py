"""Runs the command line in forks of a process that has TFX loaded: seconds saved on each run.

The parent never runs a TensorFlow operation, so that a fork of it is as good as a fresh process.
"""

import importlib
import os
import signal
import sys
from dataclasses import dataclass
from pathlib import Path

# All that a run imports; named here because `run` imports it only once it is called.
_PRELOAD = ("runners.command_line", "runners.run_command", "runners.local", "modules.trainer")


@dataclass(frozen=True)
class ForkedRun:
    """A `tfx-mnist` command that runs in a child process."""

    pid: int
    output: Path

    def kill(self) -> None:
        os.kill(self.pid, signal.SIGKILL)

    def interrupt(self) -> None:
        os.kill(self.pid, signal.SIGINT)

    def wait(self) -> int:
        """Returns the exit code, negative for a signal."""
        _, status = os.waitpid(self.pid, 0)
        return os.waitstatus_to_exitcode(status)


def fork_run(folder: Path, *arguments: str) -> ForkedRun:
    """Starts `tfx-mnist ARGUMENTS` in `folder`; its output goes to a file beside it."""
    for module in _PRELOAD:
        importlib.import_module(module)
    output = folder / f"output-{len(list(folder.glob('output-*')))}.txt"
    sys.stdout.flush()
    sys.stderr.flush()
    pid = os.fork()
    if pid:
        return ForkedRun(pid, output)
    try:
        _run_in_child(folder, output, arguments)
    finally:
        os._exit(70)  # only reached if the command did not end the process itself


def _run_in_child(folder: Path, output: Path, arguments: tuple[str, ...]) -> None:
    os.chdir(folder)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    sys.stdout = os.fdopen(os.dup(1), "w")  # pytest's own capture ends here
    sys.stderr = os.fdopen(os.dup(2), "w")
    signal.signal(signal.SIGINT, signal.default_int_handler)
    main = sys.modules["runners.command_line"].main
    try:
        main(list(arguments))
    except SystemExit as end:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(int(end.code or 0))
