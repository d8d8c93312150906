"""What the executors of a compiled pipeline start: a container, or a custom job of several."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2 as pb2


@dataclass(frozen=True)
class Program:
    """What one container runs.

    Attributes:
      command: In place of the image's entry point.
      args: The command's arguments.
    """

    command: list[str]
    args: list[str]


def list_programs(executor: pb2.PipelineDeploymentConfig.ExecutorSpec) -> list[Program]:
    """Returns what an executor starts: nothing for a query, else a program for each container."""
    if executor.HasField("container"):
        return [Program(list(executor.container.command), list(executor.container.args))]
    specs = [pool.get("containerSpec", {}) for pool in _list_pools(executor)]
    return [Program(spec.get("command", []), spec.get("args", [])) for spec in specs]


def lint_custom_job(executor: pb2.PipelineDeploymentConfig.ExecutorSpec) -> Iterator[str]:
    """Yields what is wrong with the custom job of an executor; nothing if it has none.

    It is a message of Vertex AI's API as well, which the specification holds unchecked.
    """
    if not executor.HasField("custom_job"):
        return
    # Loads for seconds, and few pipelines have one.
    from google.cloud.aiplatform_v1.types import CustomJob  # noqa: PLC0415

    content = json_format.MessageToDict(executor.custom_job.custom_job)
    try:
        json_format.ParseDict(content, CustomJob.pb(CustomJob()))
    except json_format.ParseError as error:
        yield f"expected the JSON of a CustomJob: {error}"
        return
    pools = _list_pools(executor)
    if not content.get("displayName") or not pools:
        yield "expected a custom job with a displayName and a jobSpec.workerPoolSpecs"
    for number, pool in enumerate(pools):
        if not pool.get("containerSpec", {}).get("imageUri"):
            yield f"worker pool {number}: has no image"
        if not pool.get("machineSpec", {}).get("machineType"):
            yield f"worker pool {number}: has no machineType"
        replicas = int(pool.get("replicaCount", 0))
        if replicas < 1 or (replicas > 1 and number == 0):
            expected = "1 replica, the chief" if number == 0 else "replicas"
            yield f"worker pool {number}: expected {expected}, received {replicas}"


def _list_pools(executor: pb2.PipelineDeploymentConfig.ExecutorSpec) -> list[dict[str, Any]]:
    content = json_format.MessageToDict(executor.custom_job.custom_job)
    pools: list[dict[str, Any]] = content.get("jobSpec", {}).get("workerPoolSpecs", [])
    return pools
