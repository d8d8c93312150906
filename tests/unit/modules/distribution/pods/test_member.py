"""What a pod leaves as its termination message, and that it does not wait for ever."""

import faulthandler
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from modules.distribution.pods.member import PodReports
from modules.distribution.pods.states import write_failure
from modules.distribution.processes.reports import Stage
from support.project import PROJECT

# As TensorFlow does where it waits for others: in C, with the lock of Python, deaf to signals.
_WAIT_FOR_EVER = """
import ctypes, pathlib, signal, sys
from modules.distribution.pods.member import PodReports
signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGTERM])
PodReports(0.1, pathlib.Path(sys.argv[1]))
ctypes.PyDLL(None).pause()
"""


@pytest.fixture(autouse=True)
def _outlive_the_limits() -> Iterator[None]:
    """Leaves no limit, which would end the process of all these tests, behind one that fails."""
    yield
    faulthandler.cancel_dump_traceback_later()


def test_a_member_whose_peers_never_come_ends_by_itself_and_says_so(tmp_path: Path):
    message = tmp_path / "termination-log"

    ended = subprocess.run(
        [sys.executable, "-c", _WAIT_FOR_EVER, str(message)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 1, ended.stderr
    assert message.read_text() == write_failure(
        "the others did not all come within 0.1 s", lost_peers=True
    )
    assert 'File "<string>"' in ended.stderr  # where it waited


def test_once_all_are_there_it_may_take_as_long_as_it_likes(tmp_path: Path):
    message = tmp_path / "termination-log"
    reports = PodReports(600, message)

    reports.reach(Stage.CONNECTED)

    assert message.read_text() == ""


def test_an_error_is_left_for_the_pods_status(tmp_path: Path):
    message = tmp_path / "termination-log"
    reports = PodReports(600, message)

    reports.fail("ValueError: no data", lost_peers=False)

    assert message.read_text() == write_failure("ValueError: no data", lost_peers=False)


def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path):
    reports = PodReports(600, tmp_path)

    reports.fail("ValueError: no data", lost_peers=False)
