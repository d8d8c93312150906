"""Writes the pipeline for Vertex AI: a task for each node, typed artifacts, managed metadata.

TFX's own compiler does the most of it. What it loses is put back: `repairs` sees to what is in the
pipeline, `parameters` to the parameters of a run, `resolvers` to the queries, and this module
to retries, time limits, machines and the condition of a push. Where the Trainer's strategy has
workers, `worker_pools` makes it a custom job.
"""

import json
from typing import Any

from tfx.orchestration.kubeflow.v2.kubeflow_v2_dag_runner import (
    KubeflowV2DagRunner,
    KubeflowV2DagRunnerConfig,
)
from tfx.orchestration.kubeflow.v2.pipeline_builder import DEFAULT_IMAGE_PATH_KEY

from pipeline.config import PipelineConfig
from pipeline.definition_files import DefinitionFiles, read_definition_files
from pipeline.node_ids import MODEL_EXPORTER, PUSHER
from pipeline.pipeline import create_pipeline
from runners.orchestration.tasks import check_task_ids
from runners.orchestration.time_limit import limit_time
from runners.vertex.parameters import add_parameters
from runners.vertex.repairs import repair
from runners.vertex.resolvers import (
    find_baseline,
    find_previous_statistics,
    label_outputs,
    scope_queries,
)
from runners.vertex.settings import Resources, VertexSettings
from runners.vertex.worker_pools import add_worker_pools, check_settings

# These publish a model: they are not started unless each of their inputs of these names blesses it.
_NEEDS_BLESSINGS = (MODEL_EXPORTER, PUSHER)
_BLESSINGS = ("model_blessing", "infra_blessing")


def render_job(
    config: PipelineConfig, settings: VertexSettings, files: DefinitionFiles | None = None
) -> str:
    """Returns the job as JSON: the message `PipelineJob` of Vertex AI's API.

    Args:
      config: Of the pipeline, with the paths that its tasks see.
      settings: Of its tasks.
      files: What is read meanwhile. Default: it is read at the paths of `config`.

    Raises:
      ValueError: The settings name a node that is not there, an output would be lost with a task's
        container, an input would not be there, workers cannot be as configured, or a parameter
        of a run cannot be placed.
    """
    settings.folders.check(config.model_dump())
    files = files or read_definition_files(config)
    check_settings(config.training, settings)
    job = _compile(config, settings, files)
    spec = job["pipelineSpec"]
    add_parameters(spec, config, lambda other: _compile(other, settings, files)["pipelineSpec"])
    scope_queries(spec)
    for task in spec["root"]["dag"]["tasks"].values():
        _configure(task, spec, settings)
        _add_condition(task)
    add_worker_pools(spec, config.training, settings)
    return json.dumps(job, indent=2, sort_keys=True) + "\n"


def _compile(
    config: PipelineConfig, settings: VertexSettings, files: DefinitionFiles
) -> dict[str, Any]:
    """Returns what TFX makes of the pipeline, repaired."""
    pipeline = create_pipeline(
        config,
        files=files,
        find_previous_statistics=find_previous_statistics,
        find_baseline=find_baseline,
    )
    check_task_ids(settings.tasks, [node.id for node in pipeline.components])
    label_outputs(pipeline)
    images = {node.id: settings.of_task(node.id).image for node in pipeline.components}
    runner_config = KubeflowV2DagRunnerConfig(
        default_image={DEFAULT_IMAGE_PATH_KEY: settings.image, **images},
        use_pipeline_spec_2_1=True,
    )
    job: dict[str, Any] = KubeflowV2DagRunner(runner_config).run(pipeline, write_out=False)
    repair(job["pipelineSpec"], pipeline)
    return job


def _configure(task: dict[str, Any], spec: dict[str, Any], settings: VertexSettings) -> None:
    """Gives a task its retries, its time limit and its machine, unless it is just a query."""
    label = spec["components"][task["componentRef"]["name"]]["executorLabel"]
    container = spec["deploymentSpec"]["executors"][label].get("container")
    if container is None:
        return
    own = settings.of_task(task["taskInfo"]["name"])
    task["retryPolicy"] = {
        "maxRetryCount": own.retries,
        "backoffDuration": f"{settings.retry_delay_seconds}s",
        "backoffFactor": 2.0,
        "backoffMaxDuration": f"{settings.max_retry_delay_seconds}s",
    }
    container["command"] = limit_time(container["command"], own.timeout_minutes)
    if resources := _describe_resources(own.resources or Resources()):
        container["resources"] = resources


def _describe_resources(resources: Resources) -> dict[str, Any]:
    """Returns a ResourceSpec; as kfp does, with each value in its old field and in its new one."""
    described: dict[str, Any] = {}
    if cores := resources.cpu_limit:
        described |= {"cpuLimit": cores, "resourceCpuLimit": f"{cores:g}"}
    if gigabytes := resources.memory_limit_gb:
        described |= {"memoryLimit": gigabytes, "resourceMemoryLimit": f"{gigabytes:g}G"}
    if resources.accelerator:
        described["accelerator"] = {
            "type": resources.accelerator,
            "count": str(resources.accelerator_count),
            "resourceType": resources.accelerator,
            "resourceCount": str(resources.accelerator_count),
        }
    return described


def _add_condition(task: dict[str, Any]) -> None:
    """Has what publishes a model skipped, rather than started in vain, unless it is blessed."""
    if task["taskInfo"]["name"] not in _NEEDS_BLESSINGS:
        return
    given = [key for key in _BLESSINGS if key in task.get("inputs", {}).get("artifacts", {})]
    policy = task.setdefault("triggerPolicy", {})
    conditions = [
        f"inputs.artifacts['{key}'].artifacts[0].metadata['blessed'] == 1.0" for key in given
    ]
    policy["condition"] = " && ".join([*filter(None, [policy.get("condition")]), *conditions])
