"""What the Makefile says and does, and that its caller changes no test."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.project import PROJECT

MAKE = shutil.which("make") or "make"


def _make(*arguments: str, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [MAKE, "--directory", str(PROJECT), *arguments],
        env=os.environ | {name: str(value) for name, value in environment.items()},
        check=False,
        capture_output=True,
        text=True,
    )


def test_make_alone_prints_every_target_with_a_line():
    makefile = (PROJECT / "Makefile").read_text()
    targets = set(re.findall(r"^\.PHONY: ([a-z-]+)$", makefile, re.MULTILINE))

    answer = _make()

    assert answer.returncode == 0
    assert set(re.findall(r"^  make (\S+) +\S", answer.stdout, re.MULTILINE)) == targets


def test_make_run_goes_straight_to_the_pipeline_where_all_is_set_up():
    answer = _make("--dry-run", "run", VENV=sys.prefix)

    commands = [line for line in answer.stdout.splitlines() if not line.startswith("make")]
    assert [command.strip() for command in commands] == [f"{sys.prefix}/bin/tfx-mnist run"]


@pytest.mark.parametrize(
    ("programs", "is_installed"),
    [
        ({"npm": "", "node": "v18.0.0"}, True),
        ({"npm": "", "node": "v22.1.0"}, True),
        ({"npm": "", "node": "v17.9.1"}, False),
        ({"npm": ""}, False),
        ({"node": "v18.0.0"}, False),
        ({}, False),
    ],
)
def test_make_test_installs_the_npm_packages_where_they_can_be_used(
    tmp_path: Path, programs: dict[str, str], *, is_installed: bool
):
    for name in ("awk", "bash", "make"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    for name, output in programs.items():
        (tmp_path / name).write_text(f"#!/bin/sh\necho {output}\n")
        (tmp_path / name).chmod(0o755)

    answer = _make("--dry-run", "test", PATH=tmp_path, VENV=tmp_path / "venv")

    assert answer.returncode == 0
    installed = {"requirements/install.sh node", "requirements/install.sh node-dev"}
    assert installed & set(answer.stdout.splitlines()) == (installed if is_installed else set())
    assert "bin/pytest " in answer.stdout


def _run_tests(*tests: str, before: str = "", **environ: str) -> subprocess.CompletedProcess[str]:
    """Runs tests as somebody does who has these in the environment; `before` is a shell's."""
    command = [sys.executable, "-m", "pytest", "--quiet", "-p", "no:cacheprovider", *tests]
    return subprocess.run(
        ["/bin/sh", "-c", f'{before}\nexec "$@"', "sh", *command],
        cwd=PROJECT,
        env=os.environ | environ,
        check=False,
        capture_output=True,
        text=True,
    )


def test_what_the_caller_of_the_tests_has_in_the_environment_changes_none():
    callers = {
        "ARGS": "--durations=80",
        "MAKEFLAGS": "k -- ARGS=--durations=80",
        "TFX_MNIST_TRAINING__EPOCHS": "0",
        "TFX_MNIST_ENABLE_CACHE": "nonsense",
        "PYTEST_ADDOPTS": "--quiet",
        "MLMD_URL": "postgresql://nobody@nowhere/nothing",
        "COLUMNS": "20",
        "FORCE_COLOR": "1",
    }
    make_run = test_make_run_goes_straight_to_the_pipeline_where_all_is_set_up.__name__
    tests = (f"{__file__}::{make_run}", "tests/unit/runners/commands/test_models.py")

    answer = _run_tests(*tests, **callers)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_tests_that_a_shell_runs_in_the_background_can_be_interrupted_all_the_same():
    ignoring = "trap '' INT"

    answer = _run_tests("tests/unit/modules/training/test_interrupts.py", before=ignoring)

    assert answer.returncode == 0, answer.stdout + answer.stderr


def test_image_needs_docker_or_podman_and_says_so(tmp_path: Path):
    for name in ("bash", "head", "make"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)

    answer = _make("image", PATH=tmp_path)

    assert answer.returncode == 2
    assert "make image needs docker or podman, and neither is installed." in answer.stderr
