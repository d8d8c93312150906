"""What the last run inferred from its data, read from metadata; imports TensorFlow."""

import json
from dataclasses import dataclass

import tensorflow_data_validation as tfdv
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Execution
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.dsl.io import fileio

from pipeline.node_ids import SCHEMA_GEN
from runners.metadata.artifacts import read_inputs, read_outputs, read_run_id
from runners.metadata.records import state_of
from runners.metadata.states import SUCCESSFUL
from runners.schema.text import parse_schema

# TFX names these in its executors, whose import takes seconds more.
_SCHEMA_FILE = "schema.pbtxt"
_STATISTICS_FILE = "FeatureStats.pb"


@dataclass(frozen=True, kw_only=True)
class InferredSchema:
    """A schema, and the statistics that it was inferred from.

    Attributes:
      schema: As SchemaGen inferred it.
      statistics: By split.
      run_id: The run in which it was inferred, or found in the cache.
      uri: Folder of the statistics.
    """

    schema: Schema
    statistics: dict[str, DatasetFeatureStatisticsList]
    run_id: str
    uri: str


def read_inferred_schema(store: MetadataStore, pipeline_name: str) -> InferredSchema:
    """Returns what SchemaGen inferred in the latest run that got so far.

    Raises:
      LookupError: No run did, or its files are gone.
    """
    execution = _last_execution(store, pipeline_name)
    statistics = read_inputs(store, execution.id)["statistics"]
    inferred = read_outputs(store, execution.id)["schema"]
    return InferredSchema(
        schema=parse_schema(_read(f"{inferred.uri}/{_SCHEMA_FILE}").decode()),
        statistics={
            split: DatasetFeatureStatisticsList.FromString(
                _read(f"{statistics.uri}/Split-{split}/{_STATISTICS_FILE}")
            )
            for split in json.loads(statistics.properties["split_names"].string_value)
        },
        run_id=read_run_id(store, execution.id),
        uri=statistics.uri,
    )


def relax_schema(schema: Schema, inferred: InferredSchema) -> Schema:
    """Returns `schema` with every bound moved as far as the data go beyond it, but no further.

    Raises:
      ValueError: A split has no examples.
    """
    for split, statistics in inferred.statistics.items():
        if not any(data_set.num_examples for data_set in statistics.datasets):
            raise ValueError(
                f"{inferred.uri}: split {split!r} has no examples, so nothing can be learnt from "
                "it. Correct the data and run again."
            )
        schema = tfdv.update_schema(schema, statistics)
    return schema


def _last_execution(store: MetadataStore, pipeline_name: str) -> Execution:
    node = store.get_context_by_type_and_name("node", f"{pipeline_name}.{SCHEMA_GEN}")
    executions = store.get_executions_by_context(node.id) if node else []
    done = [execution for execution in executions if state_of(execution) in SUCCESSFUL]
    if not done:
        raise LookupError(
            f"no run of pipeline {pipeline_name!r} has come as far as {SCHEMA_GEN} yet. "
            "Start one with tfx-mnist run: a schema is inferred even if the anomaly gate then "
            "stops it."
        )
    return max(done, key=lambda execution: execution.id)


def _read(path: str) -> bytes:
    if not fileio.exists(path):
        raise LookupError(
            f"{path}: expected what the last run inferred, received a path where there is nothing "
            "any more. Run the pipeline again under another pipeline_root, or with "
            "--set enable_cache=false."
        )
    with fileio.open(path, "rb") as file:
        content: bytes = file.read()
    return content
