"""The server: imports what the project imports of others, then forks for each program.

It never runs an operation of TensorFlow itself and holds nothing of the project's own code: a fork
of it is as good as a new process, and finds the code of its own working directory.
"""

import ast
import contextlib
import gc
import importlib
import io
import json
import os
import runpy
import select
import signal
import socket
import sys
import tempfile
import types
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TextIO

from support.project import PACKAGES, PROJECT
from support.warm_python.client import NUMBER

# What only programs of their own import. onnxruntime starts threads that a fork would wait for when
# it ends, and for ever; tf2onnx switches TensorFlow 2 off.
_NOT_PRELOADED = {"ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"}


@dataclass(frozen=True)
class _Program:
    """What a fork is to become."""

    arguments: list[str]
    folder: str
    environment: dict[str, str]
    files: list[int]

    def run(self) -> None:
        """Does what Python does with `-c` and `-m`."""
        os.chdir(self.folder)
        os.environ.clear()
        os.environ.update(self.environment)
        tempfile.tempdir = None  # to be looked for in this environment
        for number, descriptor in enumerate(self.files):
            os.dup2(descriptor, number)
            os.close(descriptor)
        # Anew: those of the server were made for other files.
        sys.stdout = _open_output(1, errors="strict", line_buffering=os.isatty(1))
        sys.stderr = _open_output(2, errors="backslashreplace", line_buffering=True)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        kind, code, *_ = self.arguments
        sys.path[0] = "" if kind == "-c" else self.folder
        sys.argv = ["-c" if kind == "-c" else code, *self.arguments[2:]]
        if kind == "-m":
            runpy.run_module(code, run_name="__main__", alter_sys=True)
        else:
            main = sys.modules["__main__"] = types.ModuleType("__main__")
            exec(compile(code, "<string>", "exec"), main.__dict__)  # noqa: S102 - it is asked to


def _open_output(descriptor: int, *, errors: str, line_buffering: bool) -> TextIO:
    """Returns what Python makes of a descriptor when it starts."""
    encoding, _, told_errors = os.environ.get("PYTHONIOENCODING", "").partition(":")
    return io.TextIOWrapper(
        open(descriptor, "wb", closefd=False),
        encoding=encoding or "utf-8",
        errors=told_errors or errors,
        line_buffering=line_buffering,
    )


def _imported_modules() -> Iterator[str]:
    """Yields the modules of others that the project's code imports, wherever it does."""
    for package in PACKAGES:
        for path in sorted((PROJECT / package).rglob("*.py")):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Import):
                    yield from (alias.name for alias in node.names)
                elif isinstance(node, ast.ImportFrom) and node.module:
                    yield node.module


def _preload() -> None:
    for name in sorted(set(_imported_modules())):
        if name.partition(".")[0] not in {*PACKAGES, *_NOT_PRELOADED}:
            # kfp and uvloop are not installed everywhere.
            with contextlib.suppress(ImportError):
                importlib.import_module(name)
    # A collection in a fork would copy every page that it looks at.
    gc.collect()
    gc.freeze()


def _receive(connection: socket.socket) -> _Program:
    head, files, _, _ = socket.recv_fds(connection, NUMBER.size, maxfds=3)
    (length,) = NUMBER.unpack(head)
    request: dict[str, Any] = json.loads(connection.recv(length, socket.MSG_WAITALL))
    return _Program(**request, files=files)


class _Server:
    """Forks for each client, and tells it how its program ended."""

    def __init__(self, listener: socket.socket) -> None:
        self._listener = listener
        # By the descriptor of the process: who waits for it, and its id.
        self._running: dict[int, tuple[socket.socket, int]] = {}

    def serve(self) -> _Program | None:
        """Returns the program in its fork; None when whoever started the server has ended."""
        while True:
            waiting = dict(self._running.values())  # the process of each connection
            sources = [sys.stdin, self._listener, *self._running, *waiting]
            ready, _, _ = select.select(sources, [], [])
            if sys.stdin in ready:
                for pid in waiting.values():
                    os.kill(pid, signal.SIGKILL)
                return None
            # Who waits never says anything: it was killed, and its program goes with it.
            for connection in set(ready) & waiting.keys():
                os.kill(waiting[connection], signal.SIGKILL)
            for process in set(ready) & self._running.keys():
                self._report(process)
            if self._listener in ready and (program := self._start()):
                return program

    def _start(self) -> _Program | None:
        """Takes a client's request; returns it in the fork."""
        connection, _ = self._listener.accept()
        program = _receive(connection)
        pid = os.fork()
        if not pid:
            for other, _ in self._running.values():
                other.close()
            connection.close()
            return program
        for file in program.files:
            os.close(file)
        self._running[os.pidfd_open(pid)] = connection, pid
        _send(connection, pid)
        return None

    def _report(self, process: int) -> None:
        connection, pid = self._running.pop(process)
        os.close(process)
        _, status = os.waitpid(pid, 0)
        with connection:
            _send(connection, status)


def _send(connection: socket.socket, number: int) -> None:
    with contextlib.suppress(OSError):  # whoever waited for it may have been killed
        connection.sendall(NUMBER.pack(number))


def main(path: str) -> None:
    """Listens at a path until standard input ends."""
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(64)
        sys.stdout.write("listening\n")
        sys.stdout.flush()
        _preload()
        program = _Server(listener).serve()
    if program:
        program.run()


if __name__ == "__main__":
    main(*sys.argv[1:])
