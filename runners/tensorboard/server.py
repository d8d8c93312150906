"""Serves a folder of logs by TensorBoard, in this process (TensorFlow comes with it)."""

from pathlib import Path

from tensorboard import program


class TensorBoardError(Exception):
    """TensorBoard cannot serve; the message says why."""


def serve(folder: Path, host: str, port: int) -> str:
    """Starts TensorBoard, which ends with this process, and returns its address.

    Args:
      folder: Its logs.
      host: The address that it listens on.
      port: The port; 0 for one that is free.

    Raises:
      TensorBoardError: It cannot listen there.
    """
    server = program.TensorBoard()
    server.configure(argv=["", f"--logdir={folder}", f"--host={host}", f"--port={port}"])
    try:
        return str(server.launch())
    except program.TensorBoardServerException as error:
        raise TensorBoardError(str(error)) from error
