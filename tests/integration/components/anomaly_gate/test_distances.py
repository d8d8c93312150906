"""What TFDV measures in silence, the gate must not."""

import pyarrow as pa
from tensorflow_data_validation import StatsOptions, validate_statistics
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_metadata.proto.v0 import schema_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList

from components.anomaly_gate.distances import Comparator, Comparison, find_distances


def make_statistics(values: list[float]) -> DatasetFeatureStatisticsList:
    batch = pa.RecordBatch.from_arrays([pa.array([[value] for value in values])], ["weight"])
    return generate_statistics_in_memory(batch, StatsOptions())


def test_a_comparator_that_measures_nothing_for_its_feature_is_a_finding():
    schema = schema_pb2.Schema()
    feature = schema.feature.add(name="weight", type=schema_pb2.FLOAT)
    feature.skew_comparator.infinity_norm.threshold = 0.1
    statistics, control = make_statistics([0.0, 1.0]), make_statistics([5.0, 9.0])
    comparison = Comparison(
        where="split train against split eval",
        comparator=Comparator.SKEW,
        statistics=statistics,
        control=control,
        anomalies=validate_statistics(statistics, schema, serving_statistics=control),
    )

    (finding,) = find_distances(comparison, schema)

    assert "feature weight: No distance" in str(finding)
    assert "max 1, mean 0.5 against FLOAT in 2 of 2 examples, min 5" in str(finding)
