"""docs/your-own.md is done as it stands there, in a copy of the project."""

import os
import re
import shlex
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest

from support.markdown_reader import read_blocks, read_tables
from support.programs import TFX_MNIST
from support.project import PROJECT
from support.serving.process import ServeProcess
from support.workspaces import Workspace

DOCUMENT = (PROJECT / "docs" / "your-own.md").read_text()
ADDRESS = "localhost:8501"
# A busy test machine is no slow model.
_ENVIRONMENT = {"COLUMNS": "120", "TFX_MNIST_THRESHOLDS__MAX_P99_LATENCY_MS": "5000"}
_ANYTHING = re.escape("...")


class Step(NamedTuple):
    """Commands, and what they print; None if the document does not say."""

    commands: str
    output: str | None


def read_steps() -> Iterator[Step]:
    blocks = [*read_blocks(DOCUMENT), ("sh", "")]
    for (language, content), (next_language, next_content) in pairwise(blocks):
        if language == "sh":
            yield Step(content, next_content if next_language == "text" else None)


@pytest.fixture(scope="module")
def folder(make_workspace: Callable[..., Workspace]) -> Path:
    """Returns a checkout, with `tfx-mnist` and `python` of the environment in a folder `bin`."""
    workspace = make_workspace(num_train=1, num_test=1)
    shutil.copytree(PROJECT / "deploy", workspace.folder / "deploy")
    shutil.copytree(PROJECT / "docs", workspace.folder / "docs")
    programs = workspace.folder / "bin"
    programs.mkdir()
    python = workspace.warm_python.executable
    for name, command in (("python", [python]), ("tfx-mnist", [python, "-c", TFX_MNIST])):
        (programs / name).write_text(f'#!/bin/sh\nexec {shlex.join(command)} "$@"\n')
        (programs / name).chmod(0o755)
    return workspace.folder


def run(commands: str, folder: Path, address: str) -> subprocess.CompletedProcess[str]:
    """Runs commands as they stand in the document, but for where the server listens."""
    commands = commands.replace(ADDRESS, address)
    commands = commands.replace("tfx-mnist predict", f"tfx-mnist predict --url http://{address}")
    return subprocess.run(
        ["/bin/bash", "-euo", "pipefail", "-c", commands],
        cwd=folder,
        env={**os.environ, **_ENVIRONMENT, "PATH": f"{folder / 'bin'}:{os.environ['PATH']}"},
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def matches(expected: str, received: str) -> bool:
    """Whether it was printed; `...` stands for anything in a line or, alone in one, for lines."""
    pattern = "".join(
        "(?:.*\n)*?" if line == "..." else f"{re.escape(line).replace(_ANYTHING, '.*?')}\n"
        for line in _squeeze(expected).splitlines()
    )
    return re.fullmatch(pattern, _squeeze(received)) is not None


def _squeeze(text: str) -> str:
    """Takes out what only aligns columns."""
    return "".join(f"{' '.join(line.split())}\n" for line in text.strip().splitlines())


def test_every_step_prints_what_the_document_says(
    folder: Path, serve_process: Callable[..., ServeProcess], monkeypatch: pytest.MonkeyPatch
):
    steps = list(read_steps())
    address = ADDRESS
    served = []
    for step in steps:
        if step.commands.startswith("tfx-mnist serve"):
            monkeypatch.chdir(folder)
            served.append(serve_process(*shlex.split(step.commands)[2:]))
            address = served[0].url.removeprefix("http://")
            continue

        answer = run(step.commands, folder, address)

        assert answer.returncode == 0, f"{step.commands}\n{answer.stdout}"
        if step.output is not None:
            assert matches(step.output, answer.stdout), f"{step.commands}\n{answer.stdout}"
    assert len(steps) >= 8
    assert len(served) == 1


def test_the_lines_that_a_fork_changes_have_the_name_in_them():
    [table] = [rows for rows in read_tables(DOCUMENT) if rows[0] == ["what", "where"]]
    places = re.findall(r"([\w./]+):(\d+)", " ".join(where for _, where in table))

    assert places
    for path, number in places:
        line = (PROJECT / path).read_text().splitlines()[int(number) - 1]
        assert re.search("tfx-mnist|TFX_MNIST_", line), f"{path}:{number}: {line}"
