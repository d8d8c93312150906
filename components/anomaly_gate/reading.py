"""Reads what TFX's own components wrote about the data."""

from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.components.example_validator.executor import DEFAULT_FILE_NAME
from tfx.components.statistics_gen.stats_artifact_utils import load_statistics
from tfx.types import Artifact, artifact_utils
from tfx.utils import io_utils


def read_schema(schema: Artifact) -> Schema:
    """Returns the schema of an artifact."""
    return io_utils.SchemaReader().read(io_utils.get_only_uri_in_dir(schema.uri))


def read_anomalies(anomalies: Artifact, split: str) -> Anomalies:
    """Returns what ExampleValidator found in a split."""
    uri = artifact_utils.get_split_uri([anomalies], split)
    return Anomalies.FromString(io_utils.read_bytes_file(f"{uri}/{DEFAULT_FILE_NAME}"))


def read_statistics(statistics: Artifact, split: str) -> DatasetFeatureStatisticsList:
    """Returns the statistics of a split.

    Raises:
      ValueError: There are none of that split.
    """
    if split not in statistics.splits:
        raise ValueError(
            f"{statistics.uri}: expected statistics of split {split!r}, received those of "
            f"{', '.join(statistics.splits)}. Name the splits to compare where AnomalyGate is "
            "constructed."
        )
    return load_statistics(statistics, split).proto()
