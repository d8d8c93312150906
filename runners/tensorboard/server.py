"""Serves a folder of logs by TensorBoard, in this process."""

import socket
from pathlib import Path


class TensorBoardError(Exception):
    """TensorBoard cannot serve; the message says why."""


def check_address(host: str, port: int) -> None:
    """Refuses an address that nothing can listen on now.

    Args:
      host: A name or an address of this machine.
      port: The port; 0 for one that is free.

    Raises:
      TensorBoardError: It is not this machine's, is taken, or needs rights.
    """
    try:
        [(family, kind, protocol, _, address), *_] = socket.getaddrinfo(
            host or None, port, type=socket.SOCK_STREAM
        )
        with socket.socket(family, kind, protocol) as listener:
            listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            listener.bind(address)
    except OSError as error:
        raise TensorBoardError(
            f"{host}:{port}: cannot listen there ({error.strerror}). Name another address with "
            "--host, or another port with --port."
        ) from error


def serve(folder: Path, host: str, port: int) -> str:
    """Starts TensorBoard, which ends with this process, and returns its address.

    Args:
      folder: Its logs.
      host: A name or an address of this machine.
      port: The port; 0 for one that is free.

    Raises:
      TensorBoardError: It cannot listen there.
    """
    from tensorboard import program  # noqa: PLC0415 - TensorFlow comes with it

    server = program.TensorBoard()
    server.configure(argv=["", f"--logdir={folder}", f"--host={host}", f"--port={port}"])
    try:
        return str(server.launch())
    # What its HTTP server does not expect ends the program, with a word where nobody looks.
    except (program.TensorBoardServerException, SystemExit) as error:
        raise TensorBoardError(f"{host}:{port}: cannot listen there ({error})") from error
