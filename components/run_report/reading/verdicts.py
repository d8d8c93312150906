"""Reads what was found wrong with the data, and how far they are from each other."""

from collections.abc import Iterator

from google.protobuf import text_format
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.types import Artifact

from components.anomaly_gate.comparing import compare_statistics
from components.anomaly_gate.distances import read_distances
from components.anomaly_gate.reading import read_anomalies
from components.anomaly_gate.report import find_anomalies
from components.run_report.content.data import Anomaly, Distance


def list_distances(
    statistics: Artifact,
    previous: Artifact | None,
    schema: Schema,
    *,
    train_split: str,
    eval_split: str,
) -> Iterator[Distance]:
    """Yields the distance of each feature, as AnomalyGate measures it."""
    for comparison in compare_statistics(
        statistics, previous, schema, train_split=train_split, eval_split=eval_split
    ):
        for distance in read_distances(comparison):
            yield Distance(
                where=comparison.where,
                feature=distance.feature,
                measure=distance.measure,
                value=distance.value,
                threshold=distance.threshold,
                by_chance=distance.by_chance,
            )


def list_anomalies(anomalies: Artifact) -> Iterator[Anomaly]:
    """Yields what ExampleValidator found in any split."""
    for split in anomalies.splits:
        # What was seen is in the distributions.
        for finding in find_anomalies(
            split, read_anomalies(anomalies, split), DatasetFeatureStatisticsList()
        ):
            yield Anomaly(
                where=finding.where,
                feature=finding.feature,
                found=finding.short_description,
                description=finding.description,
            )


def print_contract(schema: Schema) -> str:
    """Returns the contract as text."""
    return str(text_format.MessageToString(schema))
