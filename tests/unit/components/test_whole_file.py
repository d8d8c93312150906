"""A file is replaced whole, or stays as it was."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from components.whole_file import write_whole_file
from support.disks.small import files_limited_to

KILLED_HALFWAY = """
import resource, signal, sys
from components.whole_file import write_whole_file
signal.signal(signal.SIGXFSZ, signal.SIG_DFL)  # Python would make an error of it
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
write_whole_file(sys.argv[1], "new" * 1000)
"""
MANY_TIMES = """
import sys
from components.whole_file import write_whole_file
print("ready", flush=True)
sys.stdin.readline()
for _ in range(500):
    write_whole_file(sys.argv[1], sys.argv[2] * 100_000)
"""


def _start(program: str, *arguments: str | Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", program, *arguments]
    pipe = subprocess.PIPE
    return subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True)


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path):
    path = tmp_path / "run.json"
    path.write_text("old")

    write_whole_file(path, "new")

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path):
    folder = tmp_path / "run.json"
    folder.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_whole_file(folder, "new")

    assert list(tmp_path.iterdir()) == [folder]
    assert not list(folder.iterdir())


def test_a_text_that_cannot_be_encoded_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(UnicodeEncodeError):
        write_whole_file(tmp_path / "run.json", "\ud800")

    assert not list(tmp_path.iterdir())


def test_a_file_system_that_is_full_leaves_the_old_content_and_nothing_beside_it(tmp_path: Path):
    path = tmp_path / "run.json"
    path.write_text("old")

    with files_limited_to(1000), pytest.raises(OSError, match="too large"):
        write_whole_file(path, "new" * 1000)

    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_half_a_file_is_hidden_and_has_another_ending(tmp_path: Path):
    path = tmp_path / "tfx_mnist.py"
    path.write_text("old")
    with _start(KILLED_HALFWAY, path) as writer:
        writer.communicate()

    assert writer.returncode == -signal.SIGXFSZ
    assert path.read_text() == "old"
    [half] = set(tmp_path.iterdir()) - {path}
    assert half.read_text() == ("new" * 1000)[:1000]
    assert half.name == f".tfx_mnist.py.{writer.pid}.tmp"


def test_of_two_writers_at_once_each_writes_its_own_file_whole(tmp_path: Path):
    path = tmp_path / "run.json"
    path.write_text("a")
    writers = [_start(MANY_TIMES, path, letter) for letter in "ab"]
    for writer in writers:
        assert writer.stdout.readline() == "ready\n"
    for writer in writers:
        writer.stdin.write("go\n")
        writer.stdin.flush()
    seen = set()
    while any(writer.poll() is None for writer in writers):
        seen.add(path.read_text())

    assert [writer.communicate()[1] for writer in writers] == ["", ""]
    assert seen <= {"a", "a" * 100_000, "b" * 100_000}
    assert list(tmp_path.iterdir()) == [path]


def test_a_file_on_this_machine_needs_no_tensorflow(tmp_path: Path):
    program = (
        "import sys; from components.whole_file import write_whole_file;"
        "write_whole_file(sys.argv[1], 'new'); sys.exit('tensorflow' in sys.modules)"
    )

    with _start(program, tmp_path / "run.json") as writer:
        assert writer.communicate() == ("", "")

    assert writer.returncode == 0
