"""A copy of the project in which a test runs the real command line."""

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.programs import TFX_MNIST
from support.warm_python.processes import WarmProcess, WarmPython


@dataclass
class Workspace:
    """A copy of the project with its own data, runs and serving directory.

    Attributes:
      folder: Where it is.
      settings: What its runs are told of the configuration.
      warm_python: Runs its commands, but for those that ask for a new process.
    """

    folder: Path
    settings: list[str]
    warm_python: WarmPython

    @property
    def root(self) -> Path:
        return self.folder / "runs" / "tfx-mnist"

    def arguments(self, *settings: str) -> list[str]:
        """Returns the options with its own settings and those that are given."""
        return [f"--set={setting}" for setting in (*self.settings, *settings)]

    @property
    def serving_model_dir(self) -> Path:
        return self.folder / "serving_model" / "tfx-mnist"

    def command(self, *arguments: str) -> list[str]:
        """Returns the command line for a new process; the copied code wins over the installed."""
        return [sys.executable, "-c", TFX_MNIST, *arguments]

    def start(self, *arguments: str) -> WarmProcess:
        """Starts a command; what it writes goes to a file in the folder."""
        return self.warm_python.start(
            *("-c", TFX_MNIST, *arguments), folder=self.folder, output=self.folder / "output.txt"
        )

    def tfx_mnist(self, *arguments: str, python: str = "") -> subprocess.CompletedProcess[str]:
        """Runs a command, if no other Python is named in the warm one."""
        return subprocess.run(
            [python or self.warm_python.executable, "-c", TFX_MNIST, *arguments],
            cwd=self.folder,
            env=os.environ | {"COLUMNS": "120"},
            check=False,
            capture_output=True,
            text=True,
        )

    def run(self, *settings: str, options: tuple[str, ...] = (), python: str = "") -> "Run":
        """Runs the pipeline, if no other Python is named in the warm one."""
        answer = self.tfx_mnist("run", *options, *self.arguments(*settings), python=python)
        run_file = self.root / "run.json"
        outcome = json.loads(run_file.read_text()) if run_file.exists() else {}
        return Run(answer.returncode, answer.stdout + answer.stderr, outcome)


@dataclass(frozen=True)
class Run:
    """How a run ended and what it said."""

    exit_code: int
    output: str
    outcome: dict[str, Any]

    @property
    def events(self) -> str:
        """What it said, but for how long a node has run, which is said on a slow machine only."""
        return re.sub(r"^  [\w ]+: \d+ s(, .*)?\n", "", self.output, flags=re.MULTILINE)

    @property
    def states(self) -> dict[str, str]:
        return {node["node_id"]: node["state"] for node in self.outcome["nodes"]}
