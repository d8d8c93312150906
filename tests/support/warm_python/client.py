"""Stands in for Python's executable: hands its arguments to a server that has all libraries loaded.

It takes what every other process takes: its working directory, environment and open files are the
program's, a signal is passed on, and it ends as the program ends. It imports nothing but the
standard library, and starts in hundredths of a second.
"""

import json
import os
import signal
import socket
import struct
import sys
from collections.abc import Mapping, Sequence

# What comes first: the length of the request. What comes back: a process id, then a wait status.
NUMBER = struct.Struct("!q")
_PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def submit(
    path: str,
    arguments: Sequence[str],
    *,
    folder: str,
    environment: Mapping[str, str],
    files: Sequence[int],
) -> tuple[socket.socket, int]:
    """Starts a program.

    Args:
      path: The server's socket.
      arguments: Python's own: `-c PROGRAM ...` or `-m MODULE ...`.
      folder: The folder that it runs in.
      environment: All that it finds in its environment.
      files: Descriptors of its standard input, output and error.

    Returns:
      The connection, which gives the status when the program has ended, and its process id.
    """
    connection = socket.socket(socket.AF_UNIX)
    connection.connect(path)
    request = {"arguments": list(arguments), "folder": folder, "environment": dict(environment)}
    content = json.dumps(request).encode()
    socket.send_fds(connection, [NUMBER.pack(len(content))], list(files))
    connection.sendall(content)
    return connection, receive_number(connection)


def receive_number(connection: socket.socket) -> int:
    """Returns the next number from the server.

    Raises:
      ConnectionError: The server has ended.
    """
    content = connection.recv(NUMBER.size, socket.MSG_WAITALL)
    if len(content) < NUMBER.size:
        raise ConnectionError("the server of forks has ended")
    (number,) = NUMBER.unpack(content)
    return int(number)


def main(path: str, *arguments: str) -> None:
    """Runs a program in a fork if it can be done so, and else in a new Python.

    What Python itself reads from the environment it reads as it starts, which is past for a fork.
    """
    is_program = arguments[:1] in [("-c",), ("-m",)]
    if not is_program or any(name.startswith("PYTHON") for name in os.environ):
        os.execv(sys.executable, [sys.executable, *arguments])  # noqa: S606 - the same Python
    connection, pid = submit(
        path,
        arguments,
        folder=os.getcwd(),  # noqa: PTH109 - pathlib costs half the start
        environment=os.environ,
        files=(0, 1, 2),
    )
    for number in _PASSED_ON:
        signal.signal(number, lambda received, _: os.kill(pid, received))
    code = os.waitstatus_to_exitcode(receive_number(connection))
    if code < 0:
        if -code in _PASSED_ON:
            signal.signal(-code, signal.SIG_DFL)
        os.kill(os.getpid(), -code)
    sys.exit(code)


if __name__ == "__main__":
    main(*sys.argv[1:])
