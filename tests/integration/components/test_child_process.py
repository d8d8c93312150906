"""Programs in processes of their own, and whose fault their end is."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from components.child_process import ChildError, HostFaultError, run_child
from support.waiting import DEADLINE_SECONDS, wait_until

_PROGRAM = """
import errno, os, resource, signal, sys, time
from components.child_process import child_program, say_started

with child_program():
    {before}
    say_started()
    {work}
"""


def _run(work: str, *, before: str = "pass", memory_bytes: int | None = None) -> str:
    program = _PROGRAM.format(before=before, work=work)
    return run_child(
        [sys.executable, "-c", program], timeout_seconds=600, memory_bytes=memory_bytes
    )


def test_what_a_program_says_of_its_work_is_returned():
    assert _run("print('done', file=sys.stderr)") == "done\n"


def test_a_program_sees_no_gpu():
    assert _run("print(os.environ['CUDA_VISIBLE_DEVICES'], file=sys.stderr)") == "-1\n"


@pytest.mark.parametrize(
    ("work", "error"),
    [
        ("raise ValueError('a bad file')", "ValueError: a bad file"),
        ("raise ValueError('of two\\nlines')", "ValueError: of two lines"),
        ("raise OSError(errno.ENOENT, 'no such file')", "FileNotFoundError: [Errno 2] no such"),
        ("os.kill(os.getpid(), signal.SIGSEGV)", "signal 11 ("),
        ("os.abort()", "signal 6 ("),
    ],
)
def test_what_a_program_makes_of_its_input_is_the_input_s_fault(work: str, error: str):
    with pytest.raises(ChildError) as caught:
        _run(work)

    assert str(caught.value).startswith(error)


@pytest.mark.parametrize(
    ("work", "error"),
    [
        ("raise MemoryError", "MemoryError"),
        # As C++, V8 and ONNX Runtime say it.
        ("sys.stderr.write('std::bad_alloc'); sys.stderr.flush(); os.abort()", "signal 6 ("),
        ("raise RuntimeError('Array buffer allocation failed')", "RuntimeError: Array buffer"),
        ("raise OSError(errno.ENOSPC, 'no space')", "OSError: [Errno 28] no space"),
        ("raise OSError(errno.EMFILE, 'too many')", "OSError: [Errno 24] too many"),
        ("os.kill(os.getpid(), signal.SIGKILL)", "signal 9 ("),
        ("os.kill(os.getpid(), signal.SIGTERM)", "signal 15 ("),
    ],
)
def test_what_this_machine_does_to_a_program_is_no_fault_of_its_input(work: str, error: str):
    with pytest.raises(HostFaultError) as caught:
        _run(work)

    assert str(caught.value).startswith(error)


@pytest.mark.parametrize("before", ["raise ImportError('no such package')", "os.abort()"])
def test_a_program_that_never_came_to_its_input_found_no_fault_with_it(before: str):
    with pytest.raises(HostFaultError):
        _run("pass", before=before)


def test_a_program_that_takes_more_memory_than_it_may_is_ended_by_that():
    with pytest.raises(HostFaultError, match="MemoryError"):
        _run("bytearray(2 << 30)", memory_bytes=1 << 30)


# No pipe holds so much: it is up when the parent reads what it prints.
_WORKS_WITHOUT_END = "print('.' * (1 << 22)); open(sys.argv[1] + '/up', 'w'); time.sleep(1e6)"
_PYTHON = [sys.executable, "-c"]
_OURS = [*_PYTHON, _PROGRAM.format(before="pass", work=_WORKS_WITHOUT_END)]
# As TensorFlow.js in Node: nothing in it heeds the end of its parent.
_FOREIGN = [*_PYTHON, f"import sys, time; {_WORKS_WITHOUT_END}"]
_FOREIGN_BUT_BOUND = [sys.executable, "-m", "components.parent_bound", *_FOREIGN]


@contextmanager
def _parent_of(child: list[str], mark: str) -> Iterator[subprocess.Popen[bytes]]:
    """Yields a process that waits in `run_child` for a child, and waits for its end.

    Within it, as in `tfx-mnist run` and `export`, SIGTERM does what Ctrl-C does.
    """
    parent = (
        "import signal; from components.child_process import run_child;"
        "signal.signal(signal.SIGTERM, signal.default_int_handler);"
        f"run_child({[*child, mark]!r}, timeout_seconds=1e6)"
    )
    with subprocess.Popen([sys.executable, "-c", parent], stderr=subprocess.DEVNULL) as process:
        wait_until((Path(mark) / "up").exists, "the child to work")
        yield process


def _is_gone(mark: str) -> bool:
    """Returns whether no process has the mark in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(FileNotFoundError, ProcessLookupError):  # it ends at this moment
            if mark.encode() in path.read_bytes():
                return False
    return True


@pytest.mark.parametrize("child", [_OURS, _FOREIGN_BUT_BOUND], ids=["ours", "a foreign one"])
def test_a_program_ends_with_the_process_that_started_it(tmp_path: Path, child: list[str]):
    mark = str(tmp_path)  # which no other process has in its command line
    with _parent_of(child, mark) as process:
        process.kill()

    wait_until(lambda: _is_gone(mark), "the child to be gone")


@pytest.mark.parametrize("child", [_OURS, _FOREIGN], ids=["ours", "a foreign one"])
def test_a_process_that_is_stopped_while_it_waits_leaves_no_program_behind(
    tmp_path: Path, child: list[str]
):
    mark = str(tmp_path)  # which no other process has in its command line
    with _parent_of(child, mark) as process:
        process.terminate()

    assert process.returncode == -signal.SIGINT
    wait_until(lambda: _is_gone(mark), "the child to be gone")


@pytest.mark.parametrize("child", [_OURS, _FOREIGN_BUT_BOUND], ids=["ours", "a foreign one"])
def test_a_program_whose_caller_is_gone_before_it_is_up_does_nothing(
    tmp_path: Path, child: list[str]
):
    reader, writer = os.pipe()
    os.close(writer)

    answer = subprocess.run(
        [*child, str(tmp_path)],
        stdin=reader,
        stdout=subprocess.DEVNULL,
        timeout=DEADLINE_SECONDS,
        check=False,
    )
    os.close(reader)

    assert answer.returncode == 1
    assert not list(tmp_path.iterdir())


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path):
    mark = str(tmp_path)  # which no other process has in its command line
    sleep = [sys.executable, "-c", "import time; time.sleep(1e6)", mark]

    with pytest.raises(HostFaultError, match=r"^none within 0\.2 s$"):
        run_child(sleep, timeout_seconds=0.2)

    assert _is_gone(mark)
