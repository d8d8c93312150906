"""The Python that other tests run programs in, to save the import of TensorFlow."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.waiting import wait_until
from support.warm_python.processes import WarmPython

SHOW = "import os, sys; print(sys.argv, sys.path[0], os.getcwd(), os.environ['NAME'], input())"


def _run(
    python: str, *arguments: str, folder: Path, **environ: str
) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [python, *arguments],
        cwd=folder,
        env=os.environ | {"NAME": "value"} | environ,
        input="a line\n",
        check=False,
        capture_output=True,
        text=True,
    )


@pytest.mark.parametrize("kind", ["-c", "-m"])
def test_a_program_finds_what_it_would_find_in_a_new_process(
    warm_python: WarmPython, tmp_path: Path, kind: str
):
    (tmp_path / "show.py").write_text(SHOW)
    arguments = (kind, SHOW if kind == "-c" else "show", "--option", "two words")

    warm = _run(warm_python.executable, *arguments, folder=tmp_path)
    new = _run(sys.executable, *arguments, folder=tmp_path)

    assert "two words" in new.stdout
    assert (warm.stdout, warm.stderr, warm.returncode) == (new.stdout, new.stderr, new.returncode)


def test_a_program_has_tensorflow_loaded_and_nothing_of_ours(
    warm_python: WarmPython, tmp_path: Path
):
    names = "import sys; print({'tensorflow', 'tfx', 'runners', 'modules'} & set(sys.modules))"

    answer = _run(warm_python.executable, "-c", names, folder=tmp_path)

    assert sorted(eval(answer.stdout)) == ["tensorflow", "tfx"]  # noqa: S307 - a set of ours


@pytest.mark.parametrize(
    ("program", "code"),
    [
        ("raise SystemExit(7)", 7),
        ("1 / 0", 1),
        ("import os; os.kill(os.getpid(), 9)", -signal.SIGKILL),
    ],
    ids=["exit", "error", "killed"],
)
def test_a_program_ends_as_it_would_in_a_new_process(
    warm_python: WarmPython, tmp_path: Path, program: str, code: int
):
    assert _run(warm_python.executable, "-c", program, folder=tmp_path).returncode == code


def test_a_signal_reaches_the_program(warm_python: WarmPython, tmp_path: Path):
    program = "import signal; print('ready', flush=True); signal.pause()"
    command = [warm_python.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "ready\n"
        process.terminate()
        assert process.wait() == -signal.SIGTERM

    started = warm_python.start("-c", program, folder=tmp_path, output=tmp_path / "output.txt")
    wait_until(lambda: "ready" in started.output.read_text())
    started.send(signal.SIGKILL)
    assert started.wait() == -signal.SIGKILL


def test_a_program_does_not_outlive_the_process_that_stands_for_it(warm_python: WarmPython):
    program = "import os, signal; print(os.getpid(), flush=True); signal.pause()"
    command = [warm_python.executable, "-c", program]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        pid = int(process.stdout.readline())
        process.kill()

    wait_until(lambda: not Path(f"/proc/{pid}").exists(), "the program to end")


def test_what_python_reads_as_it_starts_makes_a_new_process(
    warm_python: WarmPython, tmp_path: Path
):
    program = "import sys; print('tensorflow' in sys.modules, sys.flags.hash_randomization)"

    answer = _run(warm_python.executable, "-c", program, folder=tmp_path, PYTHONHASHSEED="0")

    assert answer.stdout == "False 0\n"
