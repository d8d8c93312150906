"""Puts back what TFX's compiler for Vertex AI loses of a pipeline, and mends its references."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from tfx.orchestration.data_types import RuntimeParameter
from tfx.orchestration.pipeline import Pipeline

# The compiler's name in a condition for an artifact that a task does not take as an input.
_IMPLICIT_INPUT = re.compile(r"artifacts\['_(?P<producer>[^']+?)\.(?P<key>[^'.]+)'\]")
_WRONG_SUFFIX = "_task"


def repair(spec: dict[str, Any], pipeline: Pipeline) -> None:
    """Repairs the compiled `spec` of `pipeline` where it stands.

    - A runtime parameter gets back its default, without which every run would have to set it.
    - A condition on an artifact that the task also takes as an input reads that input; the
      compiler names one that does not exist.
    - A parameter that another task puts out is read from that task; the compiler adds `_task`.
    """
    for parameter in _runtime_parameters(pipeline):
        declared = spec["root"]["inputDefinitions"]["parameters"][parameter.name]
        if parameter.default is not None:
            declared.update(defaultValue=parameter.default, isOptional=True)
    tasks = spec["root"]["dag"]["tasks"]
    for task in tasks.values():
        _repair_condition(task)
        _repair_producers(task, tasks)


def _runtime_parameters(pipeline: Pipeline) -> Iterator[RuntimeParameter]:
    for node in pipeline.components:
        for value in node.exec_properties.values():
            if isinstance(value, RuntimeParameter):
                yield value


def _repair_condition(task: dict[str, Any]) -> None:
    inputs = task.get("inputs", {}).get("artifacts", {})
    keys = {
        (source["producerTask"], source["outputArtifactKey"]): key
        for key, artifact in inputs.items()
        if (source := artifact.get("taskOutputArtifact"))
    }

    def read_input(found: re.Match[str]) -> str:
        key = keys.get((found["producer"], found["key"]))
        return f"artifacts['{key}']" if key else found[0]

    if policy := task.get("triggerPolicy"):
        policy["condition"] = _IMPLICIT_INPUT.sub(read_input, policy["condition"])


def _repair_producers(task: dict[str, Any], tasks: Mapping[str, Any]) -> None:
    for parameter in task.get("inputs", {}).get("parameters", {}).values():
        source = parameter.get("taskOutputParameter", {})
        name = source.get("producerTask", "")
        if name not in tasks and name.removesuffix(_WRONG_SUFFIX) in tasks:
            source["producerTask"] = name.removesuffix(_WRONG_SUFFIX)
