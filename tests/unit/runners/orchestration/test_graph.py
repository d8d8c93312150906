"""The graph file holds what was written to it."""

from pipeline.config import PipelineConfig
from runners.orchestration.graph import Graph, parse_graph
from runners.orchestration.parameters import describe_parameters
from support.graphs import DIAMOND


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
