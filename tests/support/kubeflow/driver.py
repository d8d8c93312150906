"""Runs a compiled Kubeflow pipeline on this machine, as Kubeflow would in a cluster.

It reads nothing but the YAML: it sorts the tasks, resolves their inputs, replaces placeholders as
KFP's launcher does, and runs each container's command as a process. Volumes are the folders of the
same path, and the image is this environment.
"""

import os
import re
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

import yaml

_PLACEHOLDER = re.compile(r"\{\{\$\.(inputs|outputs)\.(\w+)\['(\w+)'\](?:\.(\w+))?\}\}")
_RUN_ID = "{{$.pipeline_job_uuid}}"
_AT_EVERY_END = "ALL_UPSTREAM_TASKS_COMPLETED"


@dataclass(frozen=True)
class Step:
    """How one step ended."""

    exit_code: int
    output: str
    report: str
    tries: int


@dataclass(frozen=True)
class Run:
    """How a run ended.

    Attributes:
      state: As Kubeflow calls it. An exit task is a hook of Argo's, and has no part in it.
      steps: By the name that Kubeflow shows; after one that failed, there is only the exit task.
    """

    state: str
    steps: dict[str, Step]


@dataclass(frozen=True, kw_only=True)
class LocalDriver:
    """Kubeflow on this machine.

    Attributes:
      pipeline: Path of the compiled pipeline.
      folder: For what a cluster keeps in its object store.
      working_directory: That of the containers; the code in it wins over the installed one.
      python_folder: The folder of the `python` that is in the image.
      secrets: Kubernetes' secrets: value by key, by name.
    """

    pipeline: Path
    folder: Path
    working_directory: Path
    python_folder: Path
    secrets: Mapping[str, Mapping[str, str]] = field(default_factory=dict)

    def run(self, run_id: str, **parameters: Any) -> Run:
        """Runs the pipeline."""
        spec, _ = self._read()
        declared = spec["root"]["inputDefinitions"]["parameters"]
        assert set(parameters) <= set(declared)
        values = {name: about["defaultValue"] for name, about in declared.items()} | parameters
        steps: dict[str, Step] = {}
        has_failed = self._run_dag(spec["root"]["dag"], values, run_id, steps)
        return Run("FAILED" if has_failed else "SUCCEEDED", steps)

    def _read(self) -> tuple[dict[str, Any], dict[str, Any]]:
        """Returns the pipeline, and what its executors have in Kubernetes."""
        spec, platforms = yaml.safe_load_all(self.pipeline.read_text())
        return spec, platforms["platforms"]["kubernetes"]["deploymentSpec"]["executors"]

    def _run_dag(
        self,
        dag: Mapping[str, Any],
        values: Mapping[str, Any],
        run_id: str,
        steps: dict[str, Step],
    ) -> bool:
        """Runs the tasks of a DAG, adds their steps, and returns whether one of them failed."""
        spec, _ = self._read()
        has_failed = False
        order = {name: task.get("dependentTasks", ()) for name, task in dag["tasks"].items()}
        for name in TopologicalSorter(order).static_order():
            task = dag["tasks"][name]
            is_exit_task = task.get("triggerPolicy", {}).get("strategy") == _AT_EVERY_END
            if has_failed and not is_exit_task:
                continue
            component = spec["components"][task["componentRef"]["name"]]
            inputs = {
                key: _resolve(source, values, run_id)
                for key, source in task["inputs"]["parameters"].items()
            }
            if "dag" in component:
                is_bad = self._run_dag(component["dag"], inputs, run_id, steps)
            else:
                step = self._run_task(name, task, component, inputs, run_id)
                steps[task["taskInfo"]["name"]] = step
                is_bad = step.exit_code != 0
            has_failed = has_failed or (is_bad and not is_exit_task)
        return has_failed

    def _run_task(
        self,
        name: str,
        task: Mapping[str, Any],
        component: Mapping[str, Any],
        inputs: Mapping[str, Any],
        run_id: str,
    ) -> Step:
        spec, pods = self._read()
        label = component["executorLabel"]
        container = spec["deploymentSpec"]["executors"][label]["container"]
        return self._run_step(
            [*container["command"], *container["args"]],
            {key: _write_out(value, component, key) for key, value in inputs.items()},
            self.folder / run_id / name,
            self._environ(container, pods[label]),
            task["retryPolicy"].get("maxRetryCount", 0),
        )

    def _environ(self, container: Mapping[str, Any], pod: Mapping[str, Any]) -> dict[str, str]:
        environ = os.environ | {"PATH": f"{self.python_folder}{os.pathsep}{os.environ['PATH']}"}
        environ |= {entry["name"]: entry["value"] for entry in container.get("env", ())}
        for mount in pod.get("pvcMount", ()):
            assert Path(mount["mountPath"]).is_dir()
        for secret in pod.get("secretAsEnv", ()):
            for pair in secret["keyToEnv"]:
                environ[pair["envVar"]] = self.secrets[secret["secretName"]][pair["secretKey"]]
        return environ

    def _run_step(
        self,
        words: list[str],
        inputs: Mapping[str, str],
        folder: Path,
        environ: Mapping[str, str],
        retries: int,
    ) -> Step:
        report = folder / "report"

        def replace(found: re.Match[str]) -> str:
            side, kind, key, attribute = found.groups()
            if (side, kind) == ("inputs", "parameters"):
                return inputs[key]
            assert (side, kind, key, attribute) == ("outputs", "artifacts", "report", "path")
            return str(report)

        command = [_PLACEHOLDER.sub(replace, word) for word in words]
        assert not [word for word in command if "{{" in word]
        tries, exit_code, output = 0, 1, ""
        while exit_code and tries <= retries:
            answer = subprocess.run(
                command,
                cwd=self.working_directory,
                env=environ,
                check=False,
                capture_output=True,
                text=True,
            )
            tries += 1
            exit_code, output = answer.returncode, answer.stdout + answer.stderr
        return Step(exit_code, output, report.read_text() if report.exists() else "", tries)


def _resolve(source: Mapping[str, Any], values: Mapping[str, Any], run_id: str) -> Any:
    """Returns the value of an input."""
    if "runtimeValue" in source:
        return str(source["runtimeValue"]["constant"]).replace(_RUN_ID, run_id)
    return values[source["componentInputParameter"]]


def _write_out(value: Any, component: Mapping[str, Any], key: str) -> str:
    """Returns an input as the text that KFP's launcher puts into a command."""
    match component["inputDefinitions"]["parameters"][key]["parameterType"]:
        case "BOOLEAN":
            return str(value).lower()
        case "NUMBER_INTEGER":
            return str(int(value))
        case _:
            return str(value)
