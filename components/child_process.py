"""Runs a program of this project in a process of its own, and says whose fault its end was.

TFX caches a verdict on a model. What this machine did to the process, such as to kill it for want
of memory, must therefore never be taken for one.
"""

import contextlib
import errno
import logging
import os
import re
import resource
import select
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator, Sequence

from modules.parent_process import end_with_parent

HOST_FAULT_EXIT_CODE = os.EX_TEMPFAIL
"""What a program ends with if this machine, and not its input, is at fault."""

STARTED = "the work has started"
"""What a program prints before it touches its input."""

_ENVIRONMENT = {
    # Another process of this run may still hold the memory of a GPU.
    "CUDA_VISIBLE_DEVICES": "-1",
    # ONNX Runtime reports to its maker otherwise (its Privacy.md; measured with 1.32.0).
    "ORT_DISABLE_TELEMETRY": "1",
}

_HOST_ERRORS = {
    *(errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO),
    *(errno.ENOMEM, errno.EAGAIN, errno.EMFILE, errno.ENFILE),
}

# How a process ends by a fault of its own; every other signal is sent from outside, or, as SIGBUS
# where a mapped file has lost its disk, says nothing about a model.
_CRASHES = {signal.SIGSEGV, signal.SIGABRT, signal.SIGFPE, signal.SIGILL, signal.SIGTRAP}

# What native code says where Python would raise MemoryError: C++, V8 and WebAssembly, ONNX Runtime.
_NO_MEMORY = re.compile(
    r"bad_alloc|out of memory|(cannot|could not) allocate|allocation failed|AllocateRaw",
    re.IGNORECASE,
)

logger = logging.getLogger(__name__)


class ChildError(Exception):
    """The program could not do with its input what it was to do."""


class HostFaultError(Exception):
    """This machine kept the program from its work, which says nothing about its input."""


def run_child(
    command: Sequence[str],
    *,
    timeout_seconds: float,
    memory_bytes: int | None = None,
) -> str:
    """Runs a program to its end and returns what it wrote to standard error, its log.

    It gets no GPU, reports to nobody, and has nothing to read from its standard input.

    Args:
      command: The program and its arguments. It works in `child_program` and calls `say_started`.
      timeout_seconds: How long it may take.
      memory_bytes: How much memory it may allocate; None is as much as there is.

    Raises:
      ChildError: It failed. The message is the error that ended it.
      HostFaultError: It was killed, had no memory or disk space, or took too long.
    """
    with (
        _lifeline() as lifeline,
        subprocess.Popen(  # noqa: S603 - the caller's own program
            command,
            env={**os.environ, **_ENVIRONMENT},
            stdin=lifeline,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            errors="replace",
        ) as process,
    ):
        try:
            if memory_bytes is not None:
                _bound_memory(process.pid, memory_bytes)
            output, log = process.communicate(timeout=timeout_seconds)
        except subprocess.TimeoutExpired as error:
            raise HostFaultError(f"none within {timeout_seconds:g} s") from error
        finally:
            process.kill()
    if process.returncode:
        logger.error("%s failed:\n%s", " ".join(command), log)
        raise _tell_apart(process.returncode, output, log)
    return log


@contextlib.contextmanager
def child_program() -> Iterator[None]:
    """What a program that `run_child` starts does all its work in; it ends with the block.

    It also ends with its parent. Its exit code says whose fault an error was.
    """
    end_with_caller()
    exit_code = 0
    try:
        yield
    except Exception as error:
        if not is_host_fault(error):
            raise
        traceback.print_exc()
        exit_code = HOST_FAULT_EXIT_CODE
    sys.stdout.flush()
    sys.stderr.flush()
    # Taking TensorFlow down in order takes seconds of CPU, changes nothing, and may crash.
    os._exit(exit_code)


def end_with_caller() -> None:
    """Has this program end with the one that called `run_child` for it, also if that is gone."""
    end_with_parent(os.getppid())
    lifeline = select.poll()
    lifeline.register(sys.stdin.fileno(), 0)
    if lifeline.poll(0):  # it was gone before the kernel was asked
        os._exit(1)


def say_started() -> None:
    """Tells that all that a program needs is there; an earlier end is no fault of its input."""
    print(STARTED, flush=True)  # noqa: T201 - `run_child` reads it


def is_host_fault(error: Exception) -> bool:
    """Returns whether this machine, and not the input of a program, is at fault."""
    if isinstance(error, OSError):
        return error.errno in _HOST_ERRORS
    # The latter is TensorFlow's word for memory and for disks. Not every program has TensorFlow.
    return isinstance(error, MemoryError) or type(error).__name__ == "ResourceExhaustedError"


@contextlib.contextmanager
def _lifeline() -> Iterator[int]:
    """Yields a pipe to read from, which has another end as long as this process lives."""
    reader, writer = os.pipe()
    try:
        yield reader
    finally:
        os.close(reader)
        os.close(writer)


def _bound_memory(pid: int, num_bytes: int) -> None:
    """Bounds what the process may write to, which what it merely maps or reserves is no part of."""
    with contextlib.suppress(ProcessLookupError):  # it has ended already
        _, highest = resource.prlimit(pid, resource.RLIMIT_DATA)
        if highest != resource.RLIM_INFINITY:
            num_bytes = min(num_bytes, highest)
        resource.prlimit(pid, resource.RLIMIT_DATA, (num_bytes, highest))


def _tell_apart(exit_code: int, output: str, log: str) -> ChildError | HostFaultError:
    """Returns what ended the process as a fault of its input, or of this machine."""
    if exit_code < 0:
        end = f"signal {-exit_code} ({signal.strsignal(-exit_code)})"
        is_of_host = -exit_code not in _CRASHES
    else:
        end = _last_error(log)
        is_of_host = exit_code == HOST_FAULT_EXIT_CODE
    if is_of_host or STARTED not in output or _NO_MEMORY.search(log):
        return HostFaultError(end)
    return ChildError(end)


def _last_error(log: str) -> str:
    """Returns the exception that ended the process, with all the lines of its message."""
    lines = [line for line in log.splitlines() if line and not line[0].isspace()]
    errors = [number for number, line in enumerate(lines) if "Error" in line]
    return " ".join(lines[errors[-1] if errors else -1 :])
