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
    process = run('Watchdog(0.1).expect("in step 2")\nwhile True: signal.pause()', seconds=900)

    assert process.returncode == watchdog.EXIT_CODE
    where = "Got no further within 0.1 s in step 2 (training.worker_timeout_seconds)\n"
    assert process.stderr == where


def test_process_that_waits_with_the_lock_of_python_ends_and_shows_where():
    """As PyDLL does, which keeps the lock; and nobody else gets it before."""
    process = run(
        "import ctypes, sys\n"
        "pause = ctypes.PyDLL(None).pause\n"
        "sys.setswitchinterval(1e6)\n"
        "Watchdog(0.1).expect('in step 2')\n"
        "pause()",
        seconds=900,
    )

    assert process.returncode == watchdog.EXIT_CODE_IN_C
    assert 'File "<string>"' in process.stderr


@pytest.mark.parametrize("then", ["", "own.rest()", 'own.expect("in step 2")'])
def test_process_that_ends_by_itself_is_left_alone(then: str):
    process = run(then, seconds=900)

    assert (process.returncode, process.stderr) == (0, "")


def test_nothing_is_expected_at_first():
    process = run("own.rest()\nWatchdog(0.0)\nprint('done')", seconds=900)

    assert (process.returncode, process.stdout) == (0, "done\n")
