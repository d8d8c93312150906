"""Programs in processes of their own, and whose fault their end is."""

import subprocess
import sys
from pathlib import Path

import pytest

from components.child_process import ChildError, HostFaultError, run_child
from support.waiting import wait_until

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


def test_what_a_program_prints_is_returned():
    assert _run("print('done')").splitlines()[-1] == "done"


def test_a_program_sees_no_gpu():
    assert _run("print(os.environ['CUDA_VISIBLE_DEVICES'])").splitlines()[-1] == "-1"


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


_SLEEP = "open(sys.argv[1] + '/up', 'w'); time.sleep(1e6)"
_PYTHON = [sys.executable, "-c"]


@pytest.mark.parametrize(
    "child",
    [
        [*_PYTHON, _PROGRAM.format(before="pass", work=_SLEEP)],
        [sys.executable, "-m", "components.parent_bound", *_PYTHON, f"import sys, time; {_SLEEP}"],
    ],
    ids=["a program of ours", "another program"],
)
def test_a_program_ends_with_the_process_that_started_it(child: list[str], tmp_path: Path):
    mark = str(tmp_path)  # which no other process has in its command line
    parent = (
        "from components.child_process import run_child;"
        f"run_child({[*child, mark]!r}, timeout_seconds=1e6)"
    )
    with subprocess.Popen([sys.executable, "-c", parent]) as process:
        wait_until((tmp_path / "up").exists, "the child works")
        process.kill()

    def is_gone() -> bool:
        commands = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
        return not any(mark.encode() in command for command in commands)

    wait_until(is_gone, "the child is gone")


def test_a_program_that_takes_too_long_is_ended(tmp_path: Path):
    mark = str(tmp_path)  # which no other process has in its command line
    sleep = [sys.executable, "-c", "import time; time.sleep(1e6)", mark]

    with pytest.raises(HostFaultError, match=r"^none within 0\.2 s$"):
        run_child(sleep, timeout_seconds=0.2)

    commands = (path.read_bytes() for path in Path("/proc").glob("[0-9]*/cmdline"))
    assert not [command for command in commands if mark.encode() in command]
