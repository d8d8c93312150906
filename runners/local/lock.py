"""One run at a time on a root and its metadata: locks that the kernel frees when a holder dies."""

import datetime as dt
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from pipeline.config import PipelineConfig

_LOCK_FILE = ".lock"


class RunLockedError(RuntimeError):
    """Another run holds the lock; the message says which."""


@contextmanager
def lock_run(
    config: PipelineConfig, *, wait: bool, on_wait: Callable[[str], None]
) -> Iterator[None]:
    """Holds the locks of the root and of the pipeline's metadata within the block.

    Roots may share their metadata, and a run tidies up all that others of its pipeline left there.
    Pipelines of other names are not kept out.

    Args:
      config: Names both, local paths; their folders are made if they are missing.
      wait: Wait for another run to end, instead of giving up.
      on_wait: Told who holds a lock before the wait begins.

    Raises:
      RunLockedError: Another run holds one of the locks, and `wait` is false.
    """
    root = Path(config.pipeline_root)
    # Beside the file itself: links may lead to it.
    metadata = Path(config.metadata_path).resolve()
    metadata_lock = metadata.with_name(f"{metadata.name}.{config.pipeline_name}.lock")
    with (
        # Every run takes them in this order, so that two never wait for each other.
        _lock(root / _LOCK_FILE, root, wait=wait, on_wait=on_wait),
        _lock(metadata_lock, metadata, wait=wait, on_wait=on_wait),
    ):
        yield


@contextmanager
def _lock(
    path: Path, locked: Path, *, wait: bool, on_wait: Callable[[str], None]
) -> Iterator[None]:
    """Holds the lock file `path`, which stands for `locked`."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = f"{locked}: another run holds the lock ({_describe_holder(file)})"
            if not wait:
                raise RunLockedError(
                    f"{holder}. Wait for it with --wait, or give this run a name of its own with "
                    "--set pipeline_name=..., and a pipeline_root if you set one."
                ) from None
            on_wait(f"{holder}; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        _write_holder(file, path)
        yield


def _write_holder(file: IO[str], path: Path) -> None:
    started = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": started}
    try:
        file.truncate(0)
        # Not through the file's buffer, which a full disk would fail again when it is closed.
        os.write(file.fileno(), json.dumps(holder).encode())
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error


def _describe_holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
    except json.JSONDecodeError:  # it took the lock this very moment
        return "just started"
    return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
