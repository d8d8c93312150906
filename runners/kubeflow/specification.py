"""Writes the pipeline for open-source Kubeflow Pipelines: a step for each node or group.

A step runs `python -m runners.node` in a container, so that resolvers, gates and TFX's own cache
mean the same as everywhere else. Kubeflow sees the order of the steps, and what each one reports.
"""

import inspect
import re
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from kfp import compiler, dsl

from runners.kubeflow.pod import describe_pod
from runners.kubeflow.settings import KubeflowSettings, Resources
from runners.orchestration.graph import Graph
from runners.orchestration.parameters import name_without_dots
from runners.orchestration.tasks import Task, check_task_ids, group_nodes, report_after
from runners.orchestration.time_limit import REPORT_MARGIN_SECONDS, limit_time

_RUN_ID = "run_id"
_REPORT = "report"
_NODES = "Nodes"
_TYPES = {"integer": int, "number": float, "boolean": bool, "string": str}


def render_pipeline(graph: Graph, settings: KubeflowSettings, ir_name: str, ir_digest: str) -> str:
    """Returns the YAML that `kfp.Client` takes.

    Args:
      graph: The compiled pipeline.
      settings: Of its steps.
      ir_name: The IR's file name in the settings' `compiled_folder`.
      ir_digest: The compiled pipeline's digest; steps refuse another one.

    Raises:
      ValueError: A group or step of the settings does not fit the pipeline, or pods would not see
        its paths.
    """
    settings.folders.check(graph.config)
    tasks = group_nodes(graph.nodes, settings.groups)
    final = report_after(tasks)
    check_task_ids(settings.tasks, [task.task_id for task in (*tasks, final)])
    ir_path = f"{settings.compiled_folder.rstrip('/')}/{ir_name}"
    run_id = {_RUN_ID: dsl.PIPELINE_JOB_ID_PLACEHOLDER}

    def pipeline(*values: Any) -> None:
        arguments = dict(zip(_argument_names(graph), values, strict=True))
        report = _make_final_report(final, settings, ir_path)(**run_id)
        _configure(report, final, settings)
        # It runs at every end, and whether a run has failed is for the steps inside to say.
        with dsl.ExitHandler(report, name=_NODES):
            steps: dict[str, Any] = {}
            for task in tasks:
                component = _make_component(task, graph, settings, ir_path, ir_digest)
                step = component(**run_id, **arguments)
                _configure(step, task, settings)
                step.after(*(steps[name] for name in task.upstream))
                steps[task.task_id] = step

    pipeline.__signature__ = _signature(graph, with_defaults=True)  # type: ignore[attr-defined]
    pipeline.__doc__ = _document(graph)
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "pipeline.yaml"
        compiler.Compiler().compile(dsl.pipeline(name=graph.pipeline_name)(pipeline), str(file))
        return file.read_text(encoding="utf-8")


def _make_component(
    task: Task, graph: Graph, settings: KubeflowSettings, ir_path: str, ir_digest: str
) -> Callable[..., Any]:
    """Returns kfp's component of a step that runs nodes."""
    own = settings.of_step(task.task_id)

    def component(run_id: Any, *values: Any) -> dsl.ContainerSpec:
        *parameters, report = values
        nodes = [word for node_id in task.node_ids for word in ("--node", node_id)]
        pairs = zip(graph.parameters, parameters, strict=True)
        return dsl.ContainerSpec(
            image=own.image,
            command=limit_time(["python", "-m", "runners.node"], own.timeout_minutes),
            args=[
                *("--ir", ir_path, "--ir-digest", ir_digest, *nodes),
                *("--mlmd", settings.mlmd, "--run-id", run_id),
                *(word for name, value in pairs for word in ("--param", name, value)),
                # Kubeflow knows no skipped step: it would call it failed.
                *("--skipped-exit-code", "0", "--report", report.path),
            ],
        )

    component.__name__ = _step_name(task.task_id)
    signature = _signature(graph, with_defaults=False)
    run_id = inspect.Parameter(_RUN_ID, inspect.Parameter.POSITIONAL_OR_KEYWORD, annotation=str)
    report = run_id.replace(name=_REPORT, annotation=dsl.Output[dsl.Markdown])
    component.__signature__ = signature.replace(  # type: ignore[attr-defined]
        parameters=[run_id, *signature.parameters.values(), report]
    )
    return dsl.container_component(component)


def _make_final_report(task: Task, settings: KubeflowSettings, ir_path: str) -> Callable[..., Any]:
    """Returns kfp's component of the step that reports on the run: a page that Kubeflow shows."""
    own = settings.of_step(task.task_id)
    seconds = (own.timeout_minutes or 0) * 60 - REPORT_MARGIN_SECONDS

    def component(run_id: str, report: dsl.Output[dsl.HTML]) -> dsl.ContainerSpec:
        return dsl.ContainerSpec(
            image=own.image,
            command=limit_time(["python", "-m", "runners.run_report"], own.timeout_minutes),
            args=[
                *("--ir", ir_path, "--mlmd", settings.mlmd, "--run-id", run_id),
                *("--give-up-after", str(seconds), "--output", report.path),
            ],
        )

    component.__name__ = _step_name(task.task_id)
    return dsl.container_component(component)


def _configure(step: Any, task: Task, settings: KubeflowSettings) -> None:
    own = settings.of_step(task.task_id)
    step.set_display_name(task.task_id)
    # Kubeflow's cache sees no data and no code; TFX's, in ML Metadata, does.
    step.set_caching_options(False)
    step.set_retry(
        num_retries=own.retries,
        backoff_duration=f"{settings.retry_delay_seconds}s",
        backoff_factor=2,
        backoff_max_duration=f"{settings.max_retry_delay_seconds}s",
    )
    for name, value in settings.environment.items():
        step.set_env_variable(name, value)
    _set_resources(step, own.resources or Resources())
    if pod := describe_pod(own, settings):
        step.platform_config["kubernetes"] = pod


def _set_resources(step: Any, resources: Resources) -> None:
    for name in ("cpu_request", "cpu_limit", "memory_request", "memory_limit"):
        if value := getattr(resources, name):
            getattr(step, f"set_{name}")(value)
    if resources.accelerator:
        step.set_accelerator_type(resources.accelerator)
        step.set_accelerator_limit(resources.accelerator_count)


def _argument_names(graph: Graph) -> list[str]:
    """Returns the runtime parameters' names in Kubeflow, where they are Python's."""
    return [name_without_dots(key) for key in graph.parameters]


def _signature(graph: Graph, *, with_defaults: bool) -> inspect.Signature:
    """Returns the signature that kfp reads the runtime parameters from."""
    names = _argument_names(graph)
    return inspect.Signature(
        [
            inspect.Parameter(
                name,
                inspect.Parameter.POSITIONAL_OR_KEYWORD,
                annotation=_TYPES[schema["type"]],
                default=schema["default"] if with_defaults else inspect.Parameter.empty,
            )
            for name, schema in zip(names, graph.parameters.values(), strict=True)
        ]
    )


def _document(graph: Graph) -> str:
    """Returns the docstring that kfp takes the descriptions from."""
    names = zip(_argument_names(graph), graph.parameters.values(), strict=True)
    arguments = [f"  {name}: {schema.get('description', '')}" for name, schema in names]
    return "\n".join([f"TFX pipeline {graph.pipeline_name}.", "", "Args:", *arguments])


def _step_name(task_id: str) -> str:
    """Returns `task_id` as a function would be named: kfp makes Argo's name of it."""
    words = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", task_id)
    return re.sub(r"\W", "_", words).lower()
