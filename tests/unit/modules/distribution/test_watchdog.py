"""A process that waits in vain ends by itself."""

import subprocess
import sys

import pytest

from modules.distribution import watchdog
from support.project import PROJECT

# The time runs from what was expected last; none runs where nothing is expected.
WAIT = """
import signal
from modules.distribution.watchdog import Watchdog
own = Watchdog({seconds})
own.expect("in step 1")
{then}
"""


def run(then: str, *, seconds: float) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-S", "-c", WAIT.format(seconds=seconds, then=then)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )


def test_process_that_gets_no_further_ends_and_says_where_it_was():
    process = run('own.expect("in step 2")\nwhile True: signal.pause()', seconds=0.1)

    assert process.returncode == watchdog.EXIT_CODE
    where = "Got no further within 0.1 s in step 2 (training.worker_timeout_seconds)\n"
    assert process.stderr == where


def test_process_that_may_take_longer_says_how_long_it_took():
    process = run('own.expect("in the end", times=2)\nwhile True: signal.pause()', seconds=0.1)

    assert process.returncode == watchdog.EXIT_CODE
    assert process.stderr.startswith("Got no further within 0.2 s in the end ")


def test_process_that_waits_with_the_lock_of_python_ends_and_shows_where():
    """As PyDLL does, which keeps the lock; no thread of Python's runs meanwhile."""
    process = run("import ctypes\nctypes.PyDLL(None).pause()", seconds=0.1)

    assert process.returncode == watchdog.EXIT_CODE_IN_C
    assert 'File "<string>"' in process.stderr


@pytest.mark.parametrize("then", ["", "own.rest()", 'own.expect("in step 2")'])
def test_process_that_ends_by_itself_is_left_alone(then: str):
    process = run(then, seconds=900)

    assert (process.returncode, process.stderr) == (0, "")


def test_nothing_is_expected_at_first():
    process = run("own.rest()\nWatchdog(0.0)\nprint('done')", seconds=900)

    assert (process.returncode, process.stdout) == (0, "done\n")
