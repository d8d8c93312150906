"""One run at a time on a pipeline root: a lock that the kernel frees when its holder dies."""

import datetime as dt
import fcntl
import json
import os
import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

_LOCK_FILE = ".lock"


class RunLockedError(RuntimeError):
    """Another run holds the lock; the message says which."""


@contextmanager
def lock_run(pipeline_root: Path, *, wait: bool, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Holds the lock of `pipeline_root` within the block.

    Args:
      pipeline_root: A local folder; made if it is missing.
      wait: Wait for another run to end, instead of giving up.
      on_wait: Told who holds the lock before the wait begins.

    Raises:
      RunLockedError: Another run holds the lock, and `wait` is false.
    """
    pipeline_root.mkdir(parents=True, exist_ok=True)
    with (pipeline_root / _LOCK_FILE).open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = f"{pipeline_root}: another run holds the lock ({_describe_holder(file)})"
            if not wait:
                raise RunLockedError(
                    f"{holder}. Wait for it with --wait, or give this run a root of its own with "
                    "--set pipeline_name=..."
                ) from None
            on_wait(f"{holder}; waiting for it to end")
            fcntl.flock(file, fcntl.LOCK_EX)
        _write_holder(file)
        yield


def _write_holder(file: IO[str]) -> None:
    file.truncate(0)
    started = dt.datetime.now(tz=dt.UTC).isoformat(timespec="seconds")
    json.dump({"pid": os.getpid(), "host": socket.gethostname(), "since": started}, file)
    file.flush()


def _describe_holder(file: IO[str]) -> str:
    file.seek(0)
    try:
        holder = json.load(file)
    except json.JSONDecodeError:  # it took the lock this very moment
        return "just started"
    return f"process {holder['pid']} on {holder['host']} since {holder['since']}"
