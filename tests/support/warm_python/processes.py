"""Starts programs in a warm Python, from a test or by the path of an executable."""

import os
import shlex
import signal
import socket
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from support.project import PROJECT
from support.warm_python import client


@dataclass(frozen=True)
class WarmProcess:
    """A program that runs in a fork; `pid` is its own, so that a kill hits it at once."""

    connection: socket.socket
    pid: int
    output: Path

    def send(self, number: signal.Signals) -> None:
        os.kill(self.pid, number)

    def wait(self) -> int:
        """Returns the exit code, negative for a signal."""
        with self.connection:
            return os.waitstatus_to_exitcode(client.receive_number(self.connection))


class WarmPython:
    """A Python whose programs have TensorFlow, TFX and Beam at once, instead of after seconds.

    Attributes:
      bin: A folder with `python` in it, which can be called as the environment's own.
    """

    def __enter__(self) -> Self:
        self._folder = tempfile.TemporaryDirectory(prefix="warm-python-")
        self.bin = Path(self._folder.name)
        self._socket = str(self.bin / "socket")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "support.warm_python.server", self._socket],
            cwd=PROJECT / "tests",
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            start_new_session=True,  # Ctrl-C is for the tests
        )
        command = shlex.join([sys.executable, "-IS", client.__file__, self._socket])
        executable = self.bin / "python"
        executable.write_text(f'#!/bin/sh\nexec {command} "$@"\n')
        executable.chmod(0o755)
        assert self._process.stdout
        assert self._process.stdout.readline() == b"listening\n"
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._process.communicate()  # which closes its standard input
        self._folder.cleanup()

    @property
    def executable(self) -> str:
        """What to call in place of `sys.executable`."""
        return str(self.bin / "python")

    def start(self, *arguments: str, folder: Path, output: Path) -> WarmProcess:
        """Starts what `python ARGUMENTS` would run in a folder; its output goes to a file."""
        output.unlink(missing_ok=True)  # nobody may take the last program's words for this one's
        with output.open("wb") as file, Path(os.devnull).open("rb") as nothing:
            connection, pid = client.submit(
                self._socket,
                arguments,
                folder=str(folder),
                environment=os.environ,
                files=(nothing.fileno(), file.fileno(), file.fileno()),
            )
        return WarmProcess(connection, pid, output)
