"""A copy of the project in which a test runs the real command line."""

import json
import os
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).parents[2]
PACKAGES = ("components", "modules", "pipeline", "runners")


@dataclass
class Workspace:
    """A copy of the project with its own data, runs and serving directory."""

    folder: Path
    settings: list[str] = field(default_factory=list)

    @property
    def root(self) -> Path:
        return self.folder / "runs" / "tfx-mnist"

    @property
    def serving_model_dir(self) -> Path:
        return self.folder / "serving_model" / "tfx-mnist"

    def command(self, *arguments: str) -> list[str]:
        """Returns the command line; the copied code wins over the installed one."""
        program = "from runners.command_line import main; main()"
        return [sys.executable, "-c", program, *arguments]

    def tfx_mnist(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            self.command(*arguments),
            cwd=self.folder,
            env=os.environ | {"COLUMNS": "120"},
            check=False,
            capture_output=True,
            text=True,
        )

    def run(self, *settings: str, options: tuple[str, ...] = ()) -> "Run":
        arguments = [f"--set={setting}" for setting in (*self.settings, *settings)]
        answer = self.tfx_mnist("run", *options, *arguments)
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
    def states(self) -> dict[str, str]:
        return {node["node_id"]: node["state"] for node in self.outcome["nodes"]}
