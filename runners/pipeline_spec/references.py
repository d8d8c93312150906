"""Follows every reference inside a compiled pipeline: tasks, artifacts, parameters, executors."""

import re
from collections.abc import Iterator, Mapping
from graphlib import CycleError, TopologicalSorter

from kfp.pipeline_spec import pipeline_spec_pb2 as pb2

from runners.pipeline_spec.executors import list_programs

# Both as KFP and TFX write them: {{$.inputs.parameters['run_id']}}, with either kind of quotes.
_PLACEHOLDER = re.compile(r"""\{\{\$\.(inputs|outputs)\.(artifacts|parameters)\[['"](.+?)['"]\]""")
_IN_CONDITION = re.compile(r"""inputs\.(artifacts|parameters|parameter_values)\[['"](.+?)['"]\]""")


def find_dangling_references(
    pipeline: pb2.PipelineSpec,
    executors: Mapping[str, pb2.PipelineDeploymentConfig.ExecutorSpec],
) -> Iterator[str]:
    """Yields a line for each reference to something that does not exist.

    Args:
      pipeline: The whole pipeline.
      executors: What its components run, by label.
    """
    # A plain dict: to look into a map of a proto is to add what is missing.
    components = dict(pipeline.components)
    for name, component in [("root", pipeline.root), *sorted(components.items())]:
        if component.HasField("dag"):
            yield from _lint_dag(component, components)
        elif component.executor_label not in executors:
            yield f"component {name}: no such executor: {component.executor_label!r}"
        else:
            programs = list_programs(executors[component.executor_label])
            words = [word for program in programs for word in (*program.command, *program.args)]
            yield from _lint_placeholders(name, component, words)


def _lint_dag(
    dag_component: pb2.ComponentSpec, components: Mapping[str, pb2.ComponentSpec]
) -> Iterator[str]:
    tasks = dag_component.dag.tasks
    for name, task in sorted(tasks.items()):
        where = f"task {name}"
        for upstream in task.dependent_tasks:
            if upstream not in tasks:
                yield f"{where}: comes after {upstream}, which is no task"
        if task.component_ref.name not in components:
            yield f"{where}: no such component: {task.component_ref.name!r}"
            continue
        yield from _lint_inputs(where, task, components[task.component_ref.name])
        yield from _lint_sources(where, task, dag_component, components)
        yield from _lint_constants(where, task)
        yield from _lint_condition(where, task)
    yield from _lint_order(tasks)


def _lint_inputs(
    where: str, task: pb2.PipelineTaskSpec, component: pb2.ComponentSpec
) -> Iterator[str]:
    """Compares what a task is given with what its component takes."""
    declared = component.input_definitions
    for kind in ("artifacts", "parameters"):
        given, taken = getattr(task.inputs, kind), getattr(declared, kind)
        for key in sorted(set(given) - set(taken)):
            yield f"{where}: is given {kind[:-1]} {key}, which its component does not take"
        for key in sorted(set(taken) - set(given)):
            optional = taken[key].is_optional
            if kind == "parameters":
                optional = optional or taken[key].HasField("default_value")
            if not optional:
                yield f"{where}: is not given {kind[:-1]} {key}, which its component needs"


def _lint_sources(
    where: str,
    task: pb2.PipelineTaskSpec,
    dag_component: pb2.ComponentSpec,
    components: Mapping[str, pb2.ComponentSpec],
) -> Iterator[str]:
    """Looks for what the inputs of a task are read from."""
    for kind, producer, key in _produced(task):
        producing = dag_component.dag.tasks.get(producer)
        if producing is None:
            yield f"{where}: reads {kind[:-1]} {key} of {producer}, which is no task"
            continue
        component = components.get(producing.component_ref.name)
        if component and key not in getattr(component.output_definitions, kind):
            yield f"{where}: reads {kind[:-1]} {key}, which task {producer} does not put out"
    for kind in ("artifacts", "parameters"):
        declared = getattr(dag_component.input_definitions, kind)
        for source in getattr(task.inputs, kind).values():
            name = getattr(source, f"component_input_{kind[:-1]}")
            if name and name not in declared:
                yield f"{where}: reads the pipeline's {kind[:-1]} {name}, which does not exist"


def _produced(task: pb2.PipelineTaskSpec) -> Iterator[tuple[str, str, str]]:
    """Yields kind, producer and output key of each input that another task puts out."""
    for artifact in task.inputs.artifacts.values():
        if artifact.HasField("task_output_artifact"):
            source = artifact.task_output_artifact
            yield "artifacts", source.producer_task, source.output_artifact_key
    for parameter in task.inputs.parameters.values():
        if parameter.HasField("task_output_parameter"):
            source = parameter.task_output_parameter
            yield "parameters", source.producer_task, source.output_parameter_key


def _lint_constants(where: str, task: pb2.PipelineTaskSpec) -> Iterator[str]:
    for key, parameter in sorted(task.inputs.parameters.items()):
        for _, kind, name in _PLACEHOLDER.findall(parameter.runtime_value.constant.string_value):
            if name not in getattr(task.inputs, kind):
                yield f"{where}: the constant {key} reads {kind}[{name!r}], which is no input of it"


def _lint_condition(where: str, task: pb2.PipelineTaskSpec) -> Iterator[str]:
    for kind, key in _IN_CONDITION.findall(task.trigger_policy.condition):
        inputs = task.inputs.artifacts if kind == "artifacts" else task.inputs.parameters
        if key not in inputs:
            yield f"{where}: its condition reads {kind}[{key!r}], which is no input of it"


def _lint_order(tasks: Mapping[str, pb2.PipelineTaskSpec]) -> Iterator[str]:
    upstream = {
        name: {*task.dependent_tasks, *(producer for _, producer, _ in _produced(task))}
        for name, task in tasks.items()
    }
    try:
        TopologicalSorter(upstream).prepare()
    except CycleError as error:
        yield f"tasks: they wait for each other: {', '.join(sorted(set(error.args[1])))}"


def _lint_placeholders(name: str, component: pb2.ComponentSpec, words: list[str]) -> Iterator[str]:
    for word in dict.fromkeys(words):  # the pools of a custom job run the same
        for side, kind, key in _PLACEHOLDER.findall(word):
            definitions = getattr(component, f"{side.removesuffix('s')}_definitions")
            if key not in getattr(definitions, kind):
                yield f"component {name}: its command reads {side}.{kind}[{key!r}], not declared"
