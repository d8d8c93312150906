"""Statistics that TFDV makes of a few values, and artifacts as StatisticsGen leaves them."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import pyarrow as pa
from tensorflow_data_validation import StatsOptions
from tensorflow_data_validation.statistics.stats_impl import generate_statistics_in_memory
from tensorflow_metadata.proto.v0.schema_pb2 import Schema
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.components.statistics_gen.stats_artifact_utils import BINARY_PB_BASENAME
from tfx.types import artifact_utils, standard_artifacts

Columns = Mapping[str, Sequence[float]]
"""A value for each example, by feature."""

_NUM_BUCKETS = 4


def make_statistics(columns: Columns, schema: Schema) -> DatasetFeatureStatisticsList:
    """Returns the statistics of a split; the schema says which numbers are classes."""
    arrays = [pa.array([[value] for value in values]) for values in columns.values()]
    batch = pa.RecordBatch.from_arrays(arrays, list(columns))
    options = StatsOptions(
        schema=schema, use_sketch_based_topk_uniques=True, num_histogram_buckets=_NUM_BUCKETS
    )
    return generate_statistics_in_memory(batch, options)


def write_statistics(
    folder: Path, schema: Schema, splits: Mapping[str, Columns]
) -> standard_artifacts.ExampleStatistics:
    """Writes the statistics of splits, given by name, and returns their artifact."""
    artifact = standard_artifacts.ExampleStatistics()
    artifact.uri = str(folder)
    artifact.splits = list(splits)
    for name, columns in splits.items():
        split = Path(artifact_utils.get_split_uri([artifact], name))
        split.mkdir(parents=True)
        content = make_statistics(columns, schema).SerializeToString()
        (split / BINARY_PB_BASENAME).write_bytes(content)
    return artifact
