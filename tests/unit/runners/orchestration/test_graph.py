"""The graph file, the tasks that its nodes become, and what a run may set."""

import pytest

from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError
from runners.orchestration.graph import Graph, Node, parse_graph
from runners.orchestration.parameters import describe_parameters, with_parameters
from runners.orchestration.tasks import group_nodes


def _node(node_id: str, *upstream: str) -> Node:
    return Node(node_id=node_id, type=f"tfx.{node_id}", upstream=upstream)


DIAMOND = (
    _node("data"),
    _node("left", "data"),
    _node("right", "data"),
    _node("end", "left", "right"),
)


def test_a_graph_is_read_as_it_was_written():
    config = PipelineConfig()
    graph = Graph(
        pipeline_name="tfx-mnist",
        nodes=DIAMOND,
        parameters=describe_parameters(config),
        config=config.model_dump(mode="json"),
    )

    read = parse_graph(graph.to_json())

    assert read == graph
    assert PipelineConfig.model_validate(read.config) == config


def test_a_parameter_has_type_bounds_and_the_value_that_was_compiled():
    config = PipelineConfig.model_validate({"training": {"epochs": 7}})

    epochs = describe_parameters(config)["training.epochs"]

    assert (epochs["type"], epochs["default"]) == ("integer", 7)
    assert (epochs["minimum"], epochs["maximum"]) == (1, 1000)


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("training.epochs", "3", 3),
        ("training.learning_rate", "0.5", 0.5),
        ("thresholds.accuracy", "0.9", 0.9),
        ("enable_cache", "false", False),
        ("data_root", "gs://bucket/mnist", "gs://bucket/mnist"),
    ],
)
def test_a_string_is_cast_to_the_type_of_its_parameter(name: str, text: str, value: object):
    config: object = with_parameters(PipelineConfig(), {name: text})
    for part in name.split("."):
        config = getattr(config, part)

    assert config == value


def test_parameters_leave_everything_else_as_it_was_compiled():
    compiled = PipelineConfig.model_validate({"pipeline_name": "other", "pipeline_root": "/runs"})

    config = with_parameters(compiled, {"training.epochs": 3})

    assert config.pipeline_root == "/runs"
    assert config.training.model_copy(update={"epochs": 4}) == compiled.training


def test_the_defaults_as_parameters_change_nothing():
    compiled = PipelineConfig()
    defaults = {name: schema["default"] for name, schema in describe_parameters(compiled).items()}

    assert with_parameters(compiled, defaults) == compiled


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"training.epochs": 0}, "training.epochs: .* greater than or equal to 1; received 0"),
        ({"training.epochs": "many"}, "training.epochs: .*; received 'many'"),
        ({"pipeline_root": "/tmp"}, "pipeline_root: is no runtime parameter; there are data_root"),  # noqa: S108 - never opened
        ({"data_root": "data/mnist"}, "data_root: expected an absolute path or a URL"),
    ],
)
def test_a_bad_parameter_is_refused_by_name_and_value(values: dict[str, object], message: str):
    with pytest.raises(ConfigError, match=message):
        with_parameters(PipelineConfig(), values)


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
