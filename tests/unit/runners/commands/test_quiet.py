"""The noise of a run goes to its log, whatever becomes of the log."""

import subprocess
import sys
from pathlib import Path

FULL_DISK = Path("/dev/full")  # the kernel's own, for tests
RUN = """
import logging, os, sys
from pathlib import Path
from runners.commands.quiet import log_to_file
try:
    with log_to_file(Path(sys.argv[1])) as terminal:
        print("noise of Python")
        if sys.argv[1] != "/dev/full":
            os.write(2, b"noise of C++")
        terminal.write("the summary\\n")
        logging.getLogger("tfx").info("a record")
        raise OSError("the cause")
except OSError as error:
    print(f"Error: {error}")
"""


def _run(log_file: Path) -> subprocess.CompletedProcess[str]:
    # -E: PYTHONUNBUFFERED would leave nothing to flush.
    command = [sys.executable, "-E", "-c", RUN, log_file]
    return subprocess.run(command, check=True, capture_output=True, text=True)


def test_noise_is_in_the_log_and_the_terminal_has_the_rest(tmp_path: Path):
    answer = _run(tmp_path / "logs" / "log")

    assert (answer.stdout, answer.stderr) == ("the summary\nError: the cause\n", "")
    content = (tmp_path / "logs" / "log").read_text()
    assert "noise of Python" in content
    assert "noise of C++" in content
    assert "INFO tfx: a record" in content


def test_a_log_on_a_full_disk_hides_neither_the_summary_nor_the_error():
    answer = _run(FULL_DISK)

    assert (answer.stdout, answer.stderr) == ("the summary\nError: the cause\n", "")
