"""Finds what is wrong with a compiled Kubeflow or Vertex AI pipeline before a cluster does.

The clients of both check little: a reference to a task that does not exist, a parameter that
nothing sets and a root that no pod can write to all pass, and fail on the cluster, or do not fail.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from operator import itemgetter
from typing import Any

import yaml
from google.protobuf import json_format
from kfp.pipeline_spec import pipeline_spec_pb2

from runners.pipeline_spec.executors import lint_custom_job, list_programs
from runners.pipeline_spec.references import find_dangling_references

_SCHEMA_VERSION = "2.1.0"
_PIPELINE_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,127}")
_ARGO_NAME = re.compile(r"[a-zA-Z0-9][-a-zA-Z0-9]*")
_KUBEFLOW_ROOTS = ("gs://", "s3://", "minio://")
_VERTEX_ROOTS = ("gs://",)


class SpecError(ValueError):
    """A compiled pipeline would not run as it was meant to; the message has one line per fault."""


@dataclass(frozen=True, kw_only=True)
class _Spec:
    """A pipeline in the form of KFP's protos.

    Attributes:
      pipeline: The whole pipeline.
      executors: What its components run, by label.
      root: Where the platform keeps artifacts; empty: the platform's own default.
      values: Names of the parameters that the file itself gives a value to.
    """

    pipeline: pipeline_spec_pb2.PipelineSpec
    executors: Mapping[str, pipeline_spec_pb2.PipelineDeploymentConfig.ExecutorSpec]
    root: str
    values: frozenset[str] = frozenset()


def check_kubeflow(text: str) -> None:
    """Refuses a pipeline that open-source Kubeflow Pipelines would not run as it was meant to.

    Args:
      text: The YAML that `kfp.Client` takes.

    Raises:
      SpecError: It has faults.
    """
    _refuse("Kubeflow Pipelines", lint_kubeflow(text))


def check_vertex(text: str) -> None:
    """Refuses a pipeline that Vertex AI would not run as it was meant to.

    Args:
      text: The JSON of a `PipelineJob`, the message of Vertex AI's API.

    Raises:
      SpecError: It has faults.
    """
    _refuse("Vertex AI", lint_vertex(text))


def lint_kubeflow(text: str) -> list[str]:
    """Returns what is wrong with the YAML of a pipeline, one line for each fault."""
    try:
        documents = list(yaml.safe_load_all(text))
        spec = _parse_pipeline(documents[0])
        platforms = _parse_strictly(
            documents[1] if len(documents) > 1 else {}, pipeline_spec_pb2.PlatformSpec()
        )
    except (yaml.YAMLError, json_format.ParseError, IndexError) as error:
        return [f"the file: expected the YAML of a PipelineSpec: {error}"]
    return [
        *_lint_both(spec),
        *_lint_argo_names(spec),
        *_lint_executors_of_kubeflow(spec),
        *_lint_platforms(spec, platforms),
        *(_lint_root(spec.root, _KUBEFLOW_ROOTS) if spec.root else ()),
    ]


def lint_vertex(text: str) -> list[str]:
    """Returns what is wrong with the JSON of a pipeline job, one line for each fault."""
    try:
        content = json.loads(text)
        job = _parse_strictly(content, pipeline_spec_pb2.PipelineJob())
        parsed = _parse_pipeline(content.get("pipelineSpec", {}))
    except (json.JSONDecodeError, json_format.ParseError) as error:
        return [f"the file: expected the JSON of a PipelineJob: {error}"]
    spec = _Spec(
        pipeline=parsed.pipeline,
        executors=parsed.executors,
        root=job.runtime_config.gcs_output_directory or parsed.root,
        values=frozenset(job.runtime_config.parameter_values),
    )
    return [
        *_lint_both(spec),
        *(
            f"runtimeConfig: sets {name}, which is no parameter of the pipeline"
            for name in sorted(spec.values - set(spec.pipeline.root.input_definitions.parameters))
        ),
        *_lint_custom_jobs(spec),
        *_lint_root(spec.root, _VERTEX_ROOTS),
    ]


def _refuse(target: str, faults: list[str]) -> None:
    if faults:
        lines = "\n".join(f"  {fault}" for fault in faults)
        raise SpecError(f"the compiled pipeline would not run on {target} as meant:\n{lines}")


def _parse_pipeline(content: Any) -> _Spec:
    pipeline = _parse_strictly(content, pipeline_spec_pb2.PipelineSpec())
    deployment = _parse_strictly(
        content.get("deploymentSpec", {}), pipeline_spec_pb2.PipelineDeploymentConfig()
    )
    return _Spec(
        pipeline=pipeline,
        executors=dict(deployment.executors),
        root=pipeline.default_pipeline_root,
    )


def _parse_strictly(content: Any, message: Any) -> Any:
    """Fills `message`; a field that it does not have is an error."""
    if not isinstance(content, dict):
        raise json_format.ParseError(f"received {type(content).__name__} instead of a mapping")
    return json_format.ParseDict(content, message)


def _lint_both(spec: _Spec) -> Iterator[str]:
    pipeline = spec.pipeline
    if pipeline.schema_version != _SCHEMA_VERSION:
        yield f"schemaVersion: expected {_SCHEMA_VERSION}, received {pipeline.schema_version!r}"
    if not _PIPELINE_NAME.fullmatch(pipeline.pipeline_info.name):
        yield (
            f"pipelineInfo.name: expected {_PIPELINE_NAME.pattern}, "
            f"received {pipeline.pipeline_info.name!r}"
        )
    for name, parameter in sorted(pipeline.root.input_definitions.parameters.items()):
        optional = parameter.is_optional or parameter.HasField("default_value")
        if not optional and name not in spec.values:
            yield f"parameter {name}: has no default, so that every run would have to set it"
    yield from find_dangling_references(pipeline, spec.executors)
    yield from _lint_tries(spec)


def _lint_tries(spec: _Spec) -> Iterator[str]:
    """Finds steps with programs whose retries or time limit were lost; compilers drop them."""
    labels = {name: part.executor_label for name, part in spec.pipeline.components.items()}
    for name, task in sorted(_list_tasks(spec.pipeline), key=itemgetter(0)):
        executor = spec.executors.get(labels.get(task.component_ref.name, ""))
        programs = list_programs(executor) if executor is not None else []
        if not programs:
            continue
        if not task.HasField("retry_policy"):
            yield f"task {name}: has no retryPolicy; 0 retries are to be said as well"
        if any(program.command[:1] != ["timeout"] for program in programs):
            yield f"task {name}: has no time limit; expected a command that begins with timeout"


def _list_tasks(
    pipeline: pipeline_spec_pb2.PipelineSpec,
) -> Iterator[tuple[str, pipeline_spec_pb2.PipelineTaskSpec]]:
    """Yields each task by name, those inside of others too."""
    for component in (pipeline.root, *pipeline.components.values()):
        yield from component.dag.tasks.items()


def _lint_argo_names(spec: _Spec) -> Iterator[str]:
    names = {
        "task": dict(_list_tasks(spec.pipeline)),
        "component": spec.pipeline.components,
        "executor": spec.executors,
    }
    for kind, found in names.items():
        for name in sorted(found):
            if not _ARGO_NAME.fullmatch(name):
                yield f"{kind} {name}: Argo takes only names like {_ARGO_NAME.pattern}"


def _lint_executors_of_kubeflow(spec: _Spec) -> Iterator[str]:
    for label, executor in sorted(spec.executors.items()):
        if executor.HasField("resolver"):
            yield f"executor {label}: is a resolver, which Kubeflow Pipelines does not run"
        if executor.HasField("custom_job"):
            yield f"executor {label}: is a custom job, which Kubeflow Pipelines does not run"
        if executor.container.HasField("lifecycle"):
            yield f"executor {label}: has a lifecycle hook, which Kubeflow Pipelines leaves out"


def _lint_custom_jobs(spec: _Spec) -> Iterator[str]:
    for label, executor in sorted(spec.executors.items()):
        for fault in lint_custom_job(executor):
            yield f"executor {label}: {fault}"


def _lint_platforms(spec: _Spec, platforms: pipeline_spec_pb2.PlatformSpec) -> Iterator[str]:
    for platform, content in sorted(platforms.platforms.items()):
        for label in sorted(set(content.deployment_spec.executors) - set(spec.executors)):
            yield f"platform {platform}: configures executor {label}, which does not exist"


def _lint_root(root: str, legal: tuple[str, ...]) -> Iterator[str]:
    if not root.startswith(legal):
        yield f"pipeline root: expected {' or '.join(legal)}..., received {root!r}"
