"""How a run on Vertex AI finds what earlier runs left: queries to Vertex' own metadata store.

TFX compiles just two strategies to such queries, and scopes neither: any pipeline's blessed model
in the same project would do. Every output is therefore labelled with its pipeline and its node, and
the queries ask for the label.
"""

from typing import Any

from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_artifact_strategy import LatestArtifactStrategy
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.orchestration.pipeline import Pipeline
from tfx.types import BaseChannel, Channel
from tfx.types.standard_artifacts import ExampleStatistics, Model, ModelBlessing

_PREVIOUS_STATISTICS_RESOLVER = "previous_statistics_resolver"
_PIPELINE_LABEL = "pipeline_name"
_PRODUCER_LABEL = "producer_component"
# What StatisticsGen puts out is of the same type, but was not accepted yet.
_PRODUCERS = {_PREVIOUS_STATISTICS_RESOLVER: "AnomalyGate"}


def find_previous_statistics(_: BaseChannel) -> Resolver:
    """Returns the node that finds the statistics that were accepted last."""
    return Resolver(
        strategy_class=LatestArtifactStrategy,
        accepted_statistics=Channel(type=ExampleStatistics),
    ).with_id(_PREVIOUS_STATISTICS_RESOLVER)


def find_baseline(_: BaseChannel) -> Resolver:
    """Returns the node that finds the model that was blessed last."""
    return Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=Model),
        model_blessing=Channel(type=ModelBlessing),
    ).with_id("latest_blessed_model_resolver")


def label_outputs(pipeline: Pipeline) -> None:
    """Has the compiler label every output with its pipeline and its node."""
    for node in pipeline.components:
        if isinstance(node, Resolver):
            continue
        for channel in node.outputs.values():
            channel.additional_custom_properties |= {
                _PIPELINE_LABEL: pipeline.pipeline_info.pipeline_name,
                _PRODUCER_LABEL: node.id,
            }


def scope_queries(spec: dict[str, Any]) -> None:
    """Narrows each query to what carries the labels of this pipeline."""
    pipeline_name = spec["pipelineInfo"]["name"]
    for label, executor in spec["deploymentSpec"]["executors"].items():
        labels = {_PIPELINE_LABEL: pipeline_name}
        if producer := _PRODUCERS.get(label.removesuffix("_executor")):
            labels[_PRODUCER_LABEL] = producer
        for query in executor.get("resolver", {}).get("outputArtifactQueries", {}).values():
            conditions = [f'metadata.{key}.string_value="{value}"' for key, value in labels.items()]
            query["filter"] = " AND ".join([query["filter"], *conditions])
