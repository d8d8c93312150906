"""What a task of Vertex AI does with its container: start it, and take in what it says."""

import json
import os
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Container:
    """What the container of a task runs; the image is this environment."""

    spec: Json
    working_directory: Path
    python_folder: Path

    @property
    def command(self) -> list[str]:
        return [*self.spec["command"], *self.spec["args"]]

    @property
    def hook(self) -> list[str]:
        """What Vertex runs before it looks into its cache."""
        hook = self.spec.get("lifecycle", {}).get("preCacheCheck", {})
        return [*hook.get("command", ()), *hook.get("args", ())]

    def run(self, given: Json) -> subprocess.CompletedProcess[str]:
        return self.execute(self.command, given)

    def execute(self, words: list[str], given: Json) -> subprocess.CompletedProcess[str]:
        process = self.start(words, given)
        stdout, stderr = process.communicate()
        return subprocess.CompletedProcess(words, process.returncode, stdout, stderr)

    def start(
        self, words: list[str], given: Json, *, in_session: bool = False, **environment: str
    ) -> subprocess.Popen[str]:
        """Starts a program, if need be with more in its environment, and in its own session."""
        path = f"{self.python_folder}{os.pathsep}{os.environ['PATH']}"
        return subprocess.Popen(
            [json.dumps(given) if word == "{{$}}" else word for word in words],
            cwd=self.working_directory,
            env=os.environ | {"PATH": path} | environment,
            start_new_session=in_session,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def cache_key(self, given: Json) -> str:
        """Returns all that a task depends on: container, inputs, and what the hook found."""
        written = read_output(given) if self.hook else {}
        inputs = given["inputs"]
        names = {
            key: [artifact["name"] for artifact in group["artifacts"]]
            for key, group in inputs["artifacts"].items()
        }
        parts = [self.spec, inputs["parameterValues"], names, written.get("parameterValues", {})]
        return json.dumps(parts, sort_keys=True)


def read_output(given: Json) -> Json:
    content: Json = json.loads(Path(given["outputs"]["outputFile"]).read_text())
    return content


def merge_outputs(given: Json) -> dict[str, list[Json]]:
    """Returns a task's output artifacts with what its command has said of them."""
    said = read_output(given).get("artifacts", {})
    return {
        key: list(_merge(group["artifacts"], said.get(key, {}).get("artifacts", [])))
        for key, group in given["outputs"]["artifacts"].items()
    }


def _merge(planned: list[Json], said: list[Json]) -> Iterator[Json]:
    [artifact] = planned
    for own in said or [{}]:
        metadata = artifact["metadata"] | own.get("metadata", {})
        yield artifact | {"uri": own.get("uri", artifact["uri"]), "metadata": metadata}
