"""Writes the pipeline as an Airflow DAG: a Python file that imports Airflow and nothing of ours."""

import json
from collections.abc import Iterator
from importlib import resources
from string import Template
from typing import Any

from runners.airflow.settings import AirflowSettings, TaskSettings
from runners.orchestration.exit_codes import SKIPPED
from runners.orchestration.graph import Graph
from runners.orchestration.settings import fill_in_report
from runners.orchestration.tasks import (
    FINAL_REPORT,
    Task,
    check_task_ids,
    group_nodes,
    report_after,
)
from runners.orchestration.time_limit import GRACE_SECONDS, REPORT_MARGIN_SECONDS

# After a task's own time limit and grace, for Airflow to see that it has ended.
_AFTERWARDS_SECONDS = 60

_LONGEST_LITERAL = 80

_HOW_TASKS_END = (
    "A task that is **skipped** had no reason to do its work: the model was not blessed, so "
    "nothing was pushed. The last lines of its log say why. A task whose output an earlier run "
    "made from the same input takes it from the cache."
)
_ABOUT_REPORT = (
    "Writes the report of the run at every end. The last line of its log says where it is. After a "
    "run that failed this task has failed, too: who clears the failed tasks gets a new report."
)


def render_dag(graph: Graph, settings: AirflowSettings, ir_name: str, ir_digest: str) -> str:
    """Returns the content of the DAG file.

    Args:
      graph: The compiled pipeline.
      settings: Of the DAG and its tasks.
      ir_name: The IR's file name; in Airflow's DAG folder it is beside the DAG file.
      ir_digest: The compiled pipeline's digest; tasks refuse another one.

    Raises:
      ValueError: A group or task of the settings does not fit the pipeline, or pods would not see
        its paths.
    """
    tasks = group_nodes(graph.nodes, settings.groups)
    tasks.append(report_after(tasks))
    check_task_ids(settings.tasks, [task.task_id for task in tasks])
    values = {
        "params": _literal(graph.parameters),
        "tasks": _literal({task.task_id: _describe(task, graph, settings) for task in tasks}),
        "final_report": _literal(FINAL_REPORT),
        "margin_seconds": REPORT_MARGIN_SECONDS,
        "dag_id": _literal(settings.dag_id or graph.pipeline_name),
        "description": _literal(f"TFX pipeline {graph.pipeline_name}"),
        "doc_md": _escape(_document(graph, tasks)),
        "schedule": _schedule(settings),
        "imports": "\n".join(_imports(settings)) + "\n",
        "operator": _render_operator(graph, settings, ir_name, ir_digest),
        **{
            name: _literal(getattr(settings, name))
            for name in (
                "max_active_runs",
                "starts_paused",
                "owner",
                "retries",
                "retry_delay_seconds",
                "max_retry_delay_seconds",
            )
        },
        "tags": _literal(list(settings.tags)),
        "pipeline_name": graph.pipeline_name,
    }
    return _read_template("dag").substitute(values)


def _describe(task: Task, graph: Graph, settings: AirflowSettings) -> dict[str, Any]:
    """Returns what the DAG file says of one task."""
    own = settings.tasks.get(task.task_id, TaskSettings())
    if task.task_id == FINAL_REPORT:
        own = fill_in_report(own)
    operator = {
        name: value
        for name in ("retries", "pool", "queue")
        if (value := getattr(own, name)) is not None
    }
    types = {node.node_id: node.type for node in graph.nodes}
    description = {
        "nodes": list(task.node_ids),
        "upstream": list(task.upstream),
        "timeout_minutes": own.timeout_minutes or settings.timeout_minutes,
        "operator": operator,
        "doc_md": "\n".join(f"* {node_id}: `{types[node_id]}`" for node_id in task.node_ids)
        or _ABOUT_REPORT,
    }
    return {**description, "resources": own.resources} if settings.kubernetes else description


def _imports(settings: AirflowSettings) -> Iterator[str]:
    names = ["DAG", "Asset", "Param"] if settings.assets else ["DAG", "Param"]
    if settings.kubernetes:
        yield "import copy"
    else:
        yield "import shlex"
    yield "from datetime import timedelta"
    if settings.kubernetes:
        yield ""
        yield "from airflow.providers.cncf.kubernetes.operators.pod import KubernetesPodOperator"
    else:
        yield "from pathlib import Path"
        yield ""
        yield "from airflow.providers.standard.operators.bash import BashOperator"
    yield f"from airflow.sdk import {', '.join(names)}"


def _render_operator(graph: Graph, settings: AirflowSettings, ir_name: str, ir_digest: str) -> str:
    shared = {
        "ir_digest": _literal(ir_digest),
        "mlmd": _literal(["--mlmd", settings.mlmd] if settings.mlmd else []),
        "grace_seconds": GRACE_SECONDS,
        "skip_exit_code": SKIPPED,
    }
    if settings.kubernetes is None:
        return _read_template("bash").substitute(
            shared,
            python=_literal(settings.environment.python),
            working_directory=_literal(settings.environment.working_directory),
            ir_name=_literal(ir_name),
            longer=GRACE_SECONDS + _AFTERWARDS_SECONDS,
        )
    kubernetes = settings.kubernetes
    kubernetes.folders.check(graph.config)
    return _read_template("kubernetes").substitute(
        shared,
        image=_literal(kubernetes.image),
        namespace=_literal(kubernetes.namespace),
        pod_template=_literal(kubernetes.pod),
        ir_path=_literal(f"{kubernetes.compiled_folder.rstrip('/')}/{ir_name}"),
        startup_seconds=kubernetes.startup_timeout_seconds,
        longer=kubernetes.startup_timeout_seconds + GRACE_SECONDS + _AFTERWARDS_SECONDS,
    )


def _schedule(settings: AirflowSettings) -> str:
    if settings.assets:
        return f"[{', '.join(f'Asset({_literal(uri)})' for uri in settings.assets)}]"
    return _literal(settings.schedule)


def _document(graph: Graph, tasks: list[Task]) -> str:
    """Returns what Airflow shows of the DAG, in Markdown."""
    rows = [
        f"| {task.task_id} | {_list(task.node_ids) or 'the report of the run'} "
        f"| {_list(task.upstream) or 'the data'} |"
        for task in tasks
    ]
    parameters = [
        f"| `{name}` | {schema['default']} | {schema.get('description', '')} |"
        for name, schema in graph.parameters.items()
    ]
    lines = [
        f"### {graph.pipeline_name}",
        "",
        "| task | runs | after |",
        "|---|---|---|",
        *rows,
        "",
        _HOW_TASKS_END,
        "",
        "| parameter of a run | default | meaning |",
        "|---|---|---|",
        *parameters,
        "",
        f"Artifacts are under `{graph.config['pipeline_root']}`.",
    ]
    return "\n".join(lines)


def _list(names: tuple[str, ...]) -> str:
    return ", ".join(names)


def _literal(value: Any, indent: str = "") -> str:
    """Returns plain data as Python source, laid out as ruff would."""
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    inner = f"{indent}    "
    if isinstance(value, dict):
        brackets = "{}"
        items = [f"{_literal(key)}: {_literal(item, inner)}" for key, item in value.items()]
    elif isinstance(value, list):
        brackets = "[]"
        items = [_literal(item, inner) for item in value]
    else:
        return repr(value)
    line = f"{brackets[0]}{', '.join(items)}{brackets[1]}"
    if len(indent) + len(line) <= _LONGEST_LITERAL and "\n" not in line:
        return line
    lines = "".join(f"{inner}{item},\n" for item in items)
    return f"{brackets[0]}\n{lines}{indent}{brackets[1]}"


def _escape(text: str) -> str:
    """Makes `text` the inside of a string in three double quotes."""
    return text.replace("\\", "\\\\").replace('"', '\\"')


def _read_template(name: str) -> Template:
    return Template(
        resources.files("runners.airflow").joinpath(f"{name}.py.template").read_text("utf-8")
    )
