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

from components.anomaly_gate.acceptance import ACCEPTED_STATISTICS_KEY
from pipeline.node_ids import ANOMALY_GATE

_PIPELINE_LABEL = "pipeline_name"
_PRODUCER_LABEL = "producer_component"
# What StatisticsGen puts out is of the same type, but was not accepted yet.
_PRODUCERS = {ACCEPTED_STATISTICS_KEY: ANOMALY_GATE}


def find_previous_statistics(_: BaseChannel) -> Resolver:
    """Returns the node that finds the statistics that were accepted last."""
    return Resolver(
        strategy_class=LatestArtifactStrategy,
        accepted_statistics=Channel(type=ExampleStatistics),
    )


def find_baseline(_: BaseChannel) -> Resolver:
    """Returns the node that finds the model that was blessed last."""
    return Resolver(
        strategy_class=LatestBlessedModelStrategy,
        model=Channel(type=Model),
        model_blessing=Channel(type=ModelBlessing),
    )


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
    for executor in spec["deploymentSpec"]["executors"].values():
        for key, query in executor.get("resolver", {}).get("outputArtifactQueries", {}).items():
            labels = {_PIPELINE_LABEL: spec["pipelineInfo"]["name"]}
            if producer := _PRODUCERS.get(key):
                labels[_PRODUCER_LABEL] = producer
            conditions = [f'metadata.{name}.string_value="{text}"' for name, text in labels.items()]
            query["filter"] = " AND ".join([query["filter"], *conditions])
