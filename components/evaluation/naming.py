"""What a person calls TFMA's metrics and slices."""

from collections.abc import Mapping
from typing import Final

from tensorflow_model_analysis.proto import config_pb2, metrics_for_slice_pb2
from tensorflow_model_analysis.slicer import slicer_lib

from components.evaluation.checks import ACCURACY, CLASS, CROSS_ENTROPY, NUM_ROWS, OVERALL

ACCURACY_CLASS: Final = "SparseCategoricalAccuracy"
ROW_COUNT_CLASSES: Final = ("RowCount", "ExampleCount")
ACCURACY_NAME: Final = "sparse_categorical_accuracy"
CROSS_ENTROPY_NAME: Final = "sparse_categorical_crossentropy"
EXAMPLE_COUNT_NAME: Final = "example_count"

_METRIC_NAMES: Final[Mapping[str, str]] = {
    ACCURACY_NAME: ACCURACY,
    CROSS_ENTROPY_NAME: CROSS_ENTROPY,
    EXAMPLE_COUNT_NAME: NUM_ROWS,
}
_SUB_KEYS: Final[Mapping[str, str]] = {"class_id": CLASS, "k": "place", "top_k": "top"}


def name_metric(key: metrics_for_slice_pb2.MetricKey) -> str:
    """Returns the metric's name, and what tells it from others of that name; not its model."""
    return _METRIC_NAMES.get(key.name, key.name) + _distinguish(key)


def name_for_record(key: metrics_for_slice_pb2.MetricKey) -> str:
    """Returns TFMA's name of a metric, and what tells it from others of that name."""
    return f"{key.name}{_distinguish(key)}"


def _distinguish(key: metrics_for_slice_pb2.MetricKey) -> str:
    parts = [key.output_name] if key.output_name else []
    parts += [
        f"{kind} {getattr(key.sub_key, field).value}"
        for field, kind in _SUB_KEYS.items()
        if key.sub_key.HasField(field)
    ]
    parts += [
        field.name.replace("_", " ")
        for field, applies in key.aggregation_type.ListFields()
        if applies
    ]
    if key.example_weighted.value:
        parts.append("weighted")
    return f" ({', '.join(parts)})" if parts else ""


def name_slice(key: slicer_lib.SliceKeyType | slicer_lib.CrossSliceKeyType) -> str:
    """Returns the rows that a metric is of, such as "label 7", or "all"."""
    if slicer_lib.is_cross_slice_key(key):
        baseline, comparison = key
        return f"{name_slice(comparison)} against {name_slice(baseline)}"
    return ", ".join(f"{column} {value}" for column, value in key) or OVERALL


def name_slices(spec: config_pb2.SlicingSpec | config_pb2.CrossSlicingSpec | None) -> str:
    """Returns the rows that a specification asks for; without one, that is all of them."""
    if spec is None:
        return OVERALL
    if isinstance(spec, config_pb2.CrossSlicingSpec):
        comparisons = " or ".join(map(name_slices, spec.slicing_specs))
        return f"{comparisons} against {name_slices(spec.baseline_spec)}"
    columns = [f"each {column}" for column in spec.feature_keys]
    values = [f"{column} {value}" for column, value in sorted(spec.feature_values.items())]
    if spec.slice_keys_sql:
        columns.append(f"slices of {' '.join(spec.slice_keys_sql.split())}")
    return ", ".join([*columns, *values]) or OVERALL
