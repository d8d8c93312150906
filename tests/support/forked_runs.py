"""A server that runs the command line in forks of a process that has TFX loaded.

Importing TensorFlow and TFX takes seconds; a fork has them at once. The server itself never runs
a TensorFlow operation, so that a fork of it is as good as a fresh process.
"""

import contextlib
import importlib
import json
import os
import signal
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

# All that a run imports; named here because `run` imports it only once it is called.
_PRELOAD = ("runners.command_line", "runners.run_command", "runners.local", "modules.trainer")


class ForkServer:
    """Starts `tfx-mnist` commands without their import time."""

    def __enter__(self) -> Self:
        self._started: set[int] = set()
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            bufsize=1,
        )
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        # A test that failed may have left some, which would keep the next ones' machine busy.
        for pid in self._started:
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self._process.communicate()

    def start(self, folder: Path, *arguments: str) -> "ForkedRun":
        """Starts `tfx-mnist ARGUMENTS` in `folder`; its output goes to a file there."""
        output = folder / "output.txt"
        output.unlink(missing_ok=True)  # nobody may take the last command's words for this one's
        request = {"folder": str(folder), "output": str(output), "arguments": arguments}
        pid = self.ask(request)
        self._started.add(pid)
        return ForkedRun(self, pid, output)

    def wait(self, pid: int) -> int:
        """Returns the exit code of a run, negative for a signal."""
        code = self.ask({"wait": pid})
        self._started.discard(pid)
        return code

    def ask(self, request: dict[str, Any]) -> int:
        """Sends one request and returns the server's answer, a number."""
        assert self._process.stdin
        assert self._process.stdout
        self._process.stdin.write(json.dumps(request) + "\n")
        return int(self._process.stdout.readline())


@dataclass(frozen=True)
class ForkedRun:
    """A command that runs in a fork."""

    server: ForkServer
    pid: int
    output: Path

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Returns the exit code, negative for a signal."""
        return self.server.wait(self.pid)


def _serve() -> None:
    for module in _PRELOAD:
        importlib.import_module(module)
    for line in sys.stdin:
        request = json.loads(line)
        if pid := request.get("wait"):
            answer = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        else:
            answer = os.fork() or _run_in_child(**request)
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _run_in_child(folder: str, output: str, arguments: list[str]) -> int:
    os.chdir(folder)
    descriptor = os.open(output, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
    os.dup2(descriptor, 1)
    os.dup2(descriptor, 2)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    code = 70  # an error that the command let through
    try:
        sys.modules["runners.command_line"].main(arguments)
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else 0
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)
    return code


if __name__ == "__main__":
    _serve()
