"""Runs a compiled Vertex AI pipeline on this machine, as Vertex would.

It reads nothing but the JSON: it resolves parameters, artifacts and queries, evaluates conditions,
replaces placeholders and runs each container's command as a process, two tasks at a time. The
bucket is a local folder.
"""

import json
import re
from collections.abc import Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass, field
from graphlib import TopologicalSorter
from pathlib import Path
from typing import Any

from support.vertex.container import Container, merge_outputs
from support.vertex.custom_job import CustomJob
from support.vertex.store import Artifacts, MetadataStore

Json = dict[str, Any]

_STORE = "projects/1/locations/local/metadataStores/default/artifacts"
_PLACEHOLDER = re.compile(r"\{\{\$\.inputs\.(\w+)\['([^']+)'\](?:\.metadata\['(\w+)'\])?\}\}")
_COMPARISON = re.compile(
    r"inputs\.artifacts\['(\w+)'\]\.artifacts\[0\]\.metadata\['(\w+)'\] == ([\d.]+)"
)


@dataclass(frozen=True)
class TaskRun:
    """How one task ended.

    Attributes:
      state: SUCCEEDED, CACHED, FAILED, or NOT_TRIGGERED where its condition does not hold.
      artifacts: What it put out, by key.
      parameters: What it was given.
      output: What its last try wrote to the console.
      tries: How often its command was started.
    """

    state: str
    artifacts: Artifacts = field(default_factory=dict)
    parameters: Mapping[str, Any] = field(default_factory=dict)
    output: str = ""
    tries: int = 0


@dataclass(kw_only=True)
class LocalVertex:
    """Vertex AI on this machine, with what it remembers of earlier runs.

    Attributes:
      bucket: The bucket that the pipeline names, as gs://...
      folder: The folder that stands for it.
      working_directory: That of the containers; the code in it wins over the installed one.
      python_folder: The folder of the `python` that is in the image.
      store: What is known of earlier runs.
    """

    bucket: str
    folder: Path
    working_directory: Path
    python_folder: Path
    store: MetadataStore = field(default_factory=MetadataStore)

    def run(self, pipeline: Path, run_id: str, **parameters: Any) -> dict[str, TaskRun]:
        """Returns the tasks by name; those that wait for one that failed are missing."""
        job = json.loads(pipeline.read_text().replace(self.bucket, str(self.folder)))
        spec = job["pipelineSpec"]
        declared = spec["root"]["inputDefinitions"]["parameters"]
        assert set(parameters) <= set(declared)
        run = _Run(
            vertex=self,
            spec=spec,
            root=Path(job["runtimeConfig"]["gcsOutputDirectory"]) / run_id,
            values={name: about.get("defaultValue") for name, about in declared.items()}
            | parameters,
        )
        return run.run()


@dataclass(kw_only=True)
class _Run:
    """One run of a pipeline."""

    vertex: LocalVertex
    spec: Json
    root: Path
    values: Mapping[str, Any]
    done: dict[str, TaskRun] = field(default_factory=dict)

    def run(self) -> dict[str, TaskRun]:
        tasks = self.spec["root"]["dag"]["tasks"]
        sorter = TopologicalSorter({name: _upstream(task) for name, task in tasks.items()})
        sorter.prepare()
        running: dict[Future[TaskRun], str] = {}
        with ThreadPoolExecutor(max_workers=2) as pool:
            while sorter.is_active():
                for name in sorter.get_ready():
                    running[pool.submit(self._run_task, name, tasks[name])] = name
                if not running:
                    break
                finished, _ = wait(running, return_when=FIRST_COMPLETED)
                for future in finished:
                    name = running.pop(future)
                    self.done[name] = future.result()
                    if self.done[name].state in ("SUCCEEDED", "CACHED"):
                        sorter.done(name)
        return self.done

    def _run_task(self, name: str, task: Json) -> TaskRun:
        component = self.spec["components"][task["componentRef"]["name"]]
        executor = self.spec["deploymentSpec"]["executors"][component["executorLabel"]]
        artifacts = {
            key: self._read_artifacts(source["taskOutputArtifact"])
            for key, source in task.get("inputs", {}).get("artifacts", {}).items()
        }
        if not _holds(task.get("triggerPolicy", {}).get("condition", ""), artifacts):
            return TaskRun("NOT_TRIGGERED")
        if "resolver" in executor:
            queries = executor["resolver"]["outputArtifactQueries"]
            return TaskRun(
                "SUCCEEDED",
                {key: self._resolve(about["filter"], artifacts) for key, about in queries.items()},
            )
        parameters = read_parameters(task, self.values)
        program = self._read_program(executor)
        folder = self.root / name
        executor_input = self._make_executor_input(component, folder, artifacts, parameters)
        return self._run_program(task, program, executor_input)

    def _read_program(self, executor: Json) -> Container | CustomJob:
        places = self.vertex.working_directory, self.vertex.python_folder
        if "customJob" in executor:
            return CustomJob(executor["customJob"]["customJob"]["jobSpec"], *places)
        return Container(executor["container"], *places)

    def _read_artifacts(self, source: Json) -> list[Json]:
        return list(self.done[source["producerTask"]].artifacts[source["outputArtifactKey"]])

    def _resolve(self, query: str, artifacts: Artifacts) -> list[Json]:
        """Returns what a query finds; nothing if it asks about an artifact that is not there."""
        for _, key, name in _PLACEHOLDER.findall(query):
            if not artifacts[key]:
                return []
            query = _PLACEHOLDER.sub(str(artifacts[key][0]["metadata"][name]), query, count=1)
        return self.vertex.store.find(query)

    def _make_executor_input(
        self,
        component: Json,
        folder: Path,
        artifacts: Artifacts,
        parameters: Mapping[str, Any],
    ) -> Json:
        outputs = {}
        for key, about in component.get("outputDefinitions", {}).get("artifacts", {}).items():
            uri = folder / key
            # Google Cloud Storage has no folders that would have to be there.
            uri.parent.mkdir(parents=True, exist_ok=True)
            name = f"{_STORE}/{self.root.name}-{folder.name}-{key}"
            type_and_metadata = {
                "type": about["artifactType"],
                "metadata": about.get("metadata", {}),
            }
            outputs[key] = {"artifacts": [{"name": name, "uri": str(uri), **type_and_metadata}]}
        return {
            "inputs": {
                "parameterValues": dict(parameters),
                "artifacts": {key: {"artifacts": group} for key, group in artifacts.items()},
            },
            "outputs": {
                "artifacts": outputs,
                "outputFile": str(folder / "executor_output.json"),
            },
        }

    def _run_program(self, task: Json, program: Container | CustomJob, given: Json) -> TaskRun:
        """Runs the hook, then looks into the cache, then runs the command."""
        parameters = given["inputs"]["parameterValues"]
        if isinstance(program, Container) and program.hook:
            answer = program.execute(program.hook, given)
            if answer.returncode:
                return TaskRun("FAILED", {}, parameters, answer.stdout + answer.stderr, 1)
        key = program.cache_key(given)
        cached = self.vertex.store.recall(key)
        if cached is not None and task.get("cachingOptions", {}).get("enableCache"):
            return TaskRun("CACHED", cached, parameters)
        answer, tries = program.run(given), 1
        while answer.returncode and tries <= task["retryPolicy"]["maxRetryCount"]:
            answer, tries = program.run(given), tries + 1
        output = answer.stdout + answer.stderr
        if answer.returncode:
            return TaskRun("FAILED", {}, parameters, output, tries)
        artifacts = merge_outputs(given)
        self.vertex.store.keep(key, artifacts)
        return TaskRun("SUCCEEDED", artifacts, parameters, output, tries)


def read_parameters(task: Json, values: Mapping[str, Any]) -> dict[str, Any]:
    """Returns what a task is given; a constant may hold placeholders for its other parameters.

    Args:
      task: The task.
      values: The parameters of the run.
    """
    inputs = task.get("inputs", {}).get("parameters", {})
    given = {
        key: values[source["componentInputParameter"]]
        for key, source in inputs.items()
        if "componentInputParameter" in source
    }

    def insert(found: re.Match[str]) -> str:
        value = given[found[2]]
        return value if isinstance(value, str) else json.dumps(value)

    for key, source in inputs.items():
        if "runtimeValue" in source:
            constant = source["runtimeValue"]["constant"]
            is_text = isinstance(constant, str)
            given[key] = _PLACEHOLDER.sub(insert, constant) if is_text else constant
    return given


def _upstream(task: Json) -> set[str]:
    artifacts = task.get("inputs", {}).get("artifacts", {}).values()
    producers = {source["taskOutputArtifact"]["producerTask"] for source in artifacts}
    return producers | set(task.get("dependentTasks", ()))


def _holds(condition: str, artifacts: Artifacts) -> bool:
    """Evaluates a condition of the one form in which blessings are asked for."""
    comparisons = [_COMPARISON.fullmatch(part) for part in condition.split(" && ") if part]
    assert all(comparisons), condition
    return all(
        artifacts[found[1]][0]["metadata"].get(found[2]) == float(found[3])
        for found in comparisons
        if found
    )
