"""The tasks that the nodes of a graph become."""

import pytest

from runners.orchestration.graph import Node
from runners.orchestration.tasks import FINAL_REPORT, Task, group_nodes, report_after
from support.graphs import DIAMOND


def test_without_groups_each_node_is_a_task():
    tasks = group_nodes(DIAMOND, {})

    assert [(task.task_id, task.node_ids, task.upstream) for task in tasks] == [
        (node.node_id, (node.node_id,), node.upstream) for node in DIAMOND
    ]


def test_a_group_runs_its_nodes_in_the_order_of_the_pipeline_after_all_that_they_need():
    tasks = group_nodes(DIAMOND, {"rest": ["end", "right"]})

    assert [(task.task_id, task.node_ids, task.upstream) for task in tasks] == [
        ("data", ("data",), ()),
        ("left", ("left",), ("data",)),
        ("rest", ("right", "end"), ("data", "left")),
    ]


def test_a_group_around_another_task_is_refused():
    with pytest.raises(ValueError, match="outer: a path between two of its nodes"):
        group_nodes(DIAMOND, {"outer": ["data", "right", "end"]})


@pytest.mark.parametrize(
    ("groups", "message"),
    [
        ({"group": ["nobody"]}, "received nobody; the nodes are data, left, right, end"),
        ({"one": ["left"], "two": ["left"]}, "two: expected nodes that are in no other group"),
        ({"left": ["data", "right"]}, "left: is the id of a node outside of the group"),
    ],
)
def test_a_group_that_does_not_fit_is_refused(groups: dict[str, list[str]], message: str):
    with pytest.raises(ValueError, match=message):
        group_nodes(DIAMOND, groups)


def test_the_report_of_a_run_waits_for_all_that_nothing_else_waits_for():
    report = report_after(group_nodes([*DIAMOND, Node(node_id="alone", type="x", upstream=())], {}))

    assert report == Task(task_id=FINAL_REPORT, node_ids=(), upstream=("alone", "end"))


def test_a_group_with_the_id_of_the_report_is_refused():
    with pytest.raises(ValueError, match="FinalReport: is the id of the task that reports"):
        report_after(group_nodes(DIAMOND, {FINAL_REPORT: ["data"]}))
