"""Puts nodes into the tasks of an orchestrator: one each, or several that share a process."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from runners.orchestration.graph import Node

FINAL_REPORT = "FinalReport"
"""Id of the task that writes the report of a run, once no other task has anything left to do."""

FINAL_REPORT_TRIES: Mapping[str, int] = {"retries": 0, "timeout_minutes": 10}
"""What is set for that task unless the settings say so: the end of a run does not wait for it."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One task of an orchestrator.

    Attributes:
      task_id: Of a group, its name; else the node's id.
      node_ids: The nodes that it runs, one after another; none if it reports on the run.
      upstream: Ids of the tasks that must be done before it.
    """

    task_id: str
    node_ids: tuple[str, ...]
    upstream: tuple[str, ...]


def group_nodes(nodes: Sequence[Node], groups: Mapping[str, Sequence[str]]) -> list[Task]:
    """Returns the tasks of a pipeline, in an order in which they can run.

    Args:
      nodes: The pipeline, in an order in which the nodes can run.
      groups: Node ids by task id; a node in no group has a task of its own.

    Raises:
      ValueError: A group names a node that does not exist or is taken, has the id of another task,
        or a path between two of its nodes leads through another task.
    """
    task_of = {node.node_id: node.node_id for node in nodes}
    for task_id, members in groups.items():
        for node_id in members:
            if task_of.get(node_id) != node_id:
                raise ValueError(
                    f"groups: {task_id}: expected nodes that are in no other group, received "
                    f"{node_id}; the nodes are {', '.join(node.node_id for node in nodes)}"
                )
            task_of[node_id] = task_id
        if task_id in task_of and task_id not in members:
            raise ValueError(f"groups: {task_id}: is the id of a node outside of the group")
    return _sort([_make_task(task_id, nodes, task_of) for task_id in _unique(task_of.values())])


def report_after(tasks: Sequence[Task]) -> Task:
    """Returns the task that writes the report of a run, after all that no other one waits for.

    Args:
      tasks: All of a pipeline.

    Raises:
      ValueError: One of them has its id.
    """
    if any(task.task_id == FINAL_REPORT for task in tasks):
        raise ValueError(f"groups: {FINAL_REPORT}: is the id of the task that reports on a run")
    awaited = {name for task in tasks for name in task.upstream}
    last = tuple(task.task_id for task in tasks if task.task_id not in awaited)
    return Task(task_id=FINAL_REPORT, node_ids=(), upstream=last)


def check_task_ids(task_ids: Iterable[str], legal: Sequence[str]) -> None:
    """Refuses settings of tasks that do not exist.

    Raises:
      ValueError: There are some.
    """
    unknown = sorted(set(task_ids) - set(legal))
    if unknown:
        raise ValueError(
            f"tasks: no such task: {', '.join(unknown)}; the tasks are {', '.join(legal)}"
        )


def _make_task(task_id: str, nodes: Sequence[Node], task_of: Mapping[str, str]) -> Task:
    members = [node for node in nodes if task_of[node.node_id] == task_id]
    upstream = _unique(task_of[node_id] for node in members for node_id in node.upstream)
    return Task(
        task_id=task_id,
        node_ids=tuple(node.node_id for node in members),
        upstream=tuple(name for name in upstream if name != task_id),
    )


def _sort(tasks: Sequence[Task]) -> list[Task]:
    """Returns the tasks, each after those upstream of it."""
    ordered: list[Task] = []
    waiting = list(tasks)
    while waiting:
        done = {task.task_id for task in ordered}
        ready = [task for task in waiting if set(task.upstream) <= done]
        if not ready:
            names = ", ".join(task.task_id for task in waiting if len(task.node_ids) > 1)
            raise ValueError(
                f"groups: {names}: a path between two of its nodes leads through another task, so "
                "that each would wait for the other. Add the nodes on that path, or split it."
            )
        ordered += ready
        waiting = [task for task in waiting if task not in ready]
    return ordered


def _unique(names: Iterable[str]) -> list[str]:
    return list(dict.fromkeys(names))
