"""What an evaluation of this pipeline says, from files that TFMA wrote."""

from collections.abc import Callable
from pathlib import Path

import pyarrow as pa
import pytest
import tensorflow_model_analysis as tfma
from ml_metadata.proto.metadata_store_pb2 import Artifact
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.result import read_evaluation, read_metrics
from pipeline.config import PipelineConfig, Thresholds
from pipeline.data import Data
from pipeline.evaluation import make_eval_config
from runners.local.outcome_reader import read_outcome
from runners.metadata.records import NodeRecord
from runners.metadata.states import NodeState
from runners.node.verdict import describe_checks
from runners.report.artifacts import render_artifact

ROWS = {
    "label": [[0], [0], [1], [1]],
    "probabilities": [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.7, 0.3]],
}
THRESHOLDS = Thresholds(accuracy=0.5, class_accuracy=0.75, min_rows=2)
LINES = (
    "accuracy of all is 0.7500 >= 0.5000 (4 rows)",
    "accuracy of label 0 is 1.0000 >= 0.7500 (2 rows)",
    "accuracy of label 1 is 0.5000 < 0.7500 (2 rows)",
)


def test_each_check_has_its_value_its_bound_its_rows_and_whether_it_held(
    evaluate: Callable[..., Path],
):
    evaluation = str(evaluate(make_eval_config(THRESHOLDS, classes=(0, 1)), ROWS))

    result = read_evaluation(evaluation)

    assert tuple(map(str, result.checks)) == (
        *LINES,
        "number of rows of all is 4 >= 2",
        "number of rows of label 0 is 2 >= 2",
        "number of rows of label 1 is 2 >= 2",
    )
    assert [check.passed for check in result.checks] == [True, True, False, True, True, True]
    assert result.metrics["accuracy"] == 0.75
    assert result.has_baseline is False
    assert read_metrics(evaluation)["sparse_categorical_accuracy"] == 0.75


def test_a_class_of_few_rows_is_refused_whatever_was_answered(evaluate: Callable[..., Path]):
    rows = {"label": [[0], [0], [1]], "probabilities": [[1.0, 0.0], [1.0, 0.0], [0.0, 1.0]]}
    evaluation = str(evaluate(make_eval_config(THRESHOLDS, classes=(0, 1)), rows))

    refused = [str(check) for check in read_evaluation(evaluation).checks if not check.passed]

    assert refused == ["number of rows of label 1 is 1 < 2"]
    assert not tfma.load_validation_result(evaluation).validation_ok


def test_a_class_that_the_contract_expects_and_no_row_has_is_refused(
    evaluate: Callable[..., Path],
):
    thresholds = Thresholds(accuracy=0.5, class_accuracy=0, min_rows=1)
    evaluation = str(evaluate(make_eval_config(thresholds, classes=(0, 1, 7)), ROWS))

    refused = [str(check) for check in read_evaluation(evaluation).checks if not check.passed]

    assert refused == [
        "accuracy of label 7 was not measured, expected >= 0.0000 (0 rows)",
        "number of rows of label 7 is 0 < 1",
    ]
    assert not tfma.load_validation_result(evaluation).validation_ok


def test_a_class_that_is_expected_nowhere_is_held_to_nothing(evaluate: Callable[..., Path]):
    evaluation = str(evaluate(make_eval_config(THRESHOLDS, classes=(0,)), ROWS))

    checks = read_evaluation(evaluation).checks

    assert all(check.passed for check in checks)
    assert not [check for check in checks if check.slice == "label 1"]
    assert tfma.load_validation_result(evaluation).validation_ok


def test_an_empty_test_split_is_refused(evaluate: Callable[..., Path]):
    nothing = {
        "label": pa.array([], pa.list_(pa.int64())),
        "probabilities": pa.array([], pa.list_(pa.float32())),
    }
    evaluation = str(evaluate(make_eval_config(THRESHOLDS, classes=(0,)), nothing))

    checks = read_evaluation(evaluation).checks

    assert [str(check) for check in checks if not check.passed] == [
        "accuracy of all was not measured, expected >= 0.5000 (0 rows)",
        "accuracy of label 0 was not measured, expected >= 0.7500 (0 rows)",
        "number of rows of all is 0 < 2",
        "number of rows of label 0 is 0 < 2",
    ]


def _record(evaluation: Path) -> NodeRecord:
    blessing = Artifact()
    blessing.custom_properties["blessed"].int_value = 0
    outputs = {"evaluation": Artifact(uri=str(evaluation)), "blessing": blessing}
    return NodeRecord(node_id="Evaluator", state=NodeState.CACHED, seconds=0, outputs=outputs)


def test_a_run_with_other_thresholds_shows_those_that_a_reused_evaluation_was_held_to(
    evaluate: Callable[..., Path], tmp_path: Path
):
    evaluation = evaluate(make_eval_config(THRESHOLDS, classes=(0, 1)), ROWS)
    stricter = PipelineConfig(thresholds=Thresholds(accuracy=0.99), serving_model_dir=str(tmp_path))
    record = _record(evaluation)

    outcome = read_outcome({"Evaluator": record}, stricter, "run", ["Evaluator"], "")

    assert tuple(map(str, outcome.checks))[: len(LINES)] == LINES
    assert outcome.refusals == LINES[2:]
    assert describe_checks(record) == LINES


def test_a_run_and_its_node_tell_the_names_of_classes(
    evaluate: Callable[..., Path], tmp_path: Path
):
    evaluation = evaluate(make_eval_config(THRESHOLDS, classes=(0, 1)), ROWS)
    names = ("Hat", "Bag")
    config = PipelineConfig(data=Data(class_names=names), serving_model_dir=str(tmp_path))
    record = _record(evaluation)

    outcome = read_outcome({"Evaluator": record}, config, "run", ["Evaluator"], "")

    told = "accuracy of label 1 (Bag) is 0.5000 < 0.7500 (2 rows)"
    assert outcome.refusals == (told,)
    assert describe_checks(record, names)[-1] == told
    assert "| accuracy | label 1 (Bag) | 0.5000 |" in render_artifact(
        Artifact(uri=str(evaluation), type="ModelEvaluation"), names
    )


@pytest.mark.parametrize("rows", [50, 49])
def test_the_shipped_thresholds_ask_for_fifty_rows_of_each_class(
    evaluate: Callable[..., Path], rows: int
):
    labels = [0] * 50 + [1] * rows
    content = {
        "label": [[label] for label in labels],
        "probabilities": [[1.0 - label, float(label)] for label in labels],
    }

    evaluation = str(evaluate(make_eval_config(Thresholds(), classes=(0, 1)), content))

    refused = [str(check) for check in read_evaluation(evaluation).checks if not check.passed]
    assert refused == ([] if rows == 50 else ["number of rows of label 1 is 49 < 50"])


def test_slices_and_metrics_of_many_classes_are_in_the_order_of_their_numbers(
    evaluate: Callable[..., Path],
):
    classes = [str(number) for number in range(12)]
    rows = {
        "label": [[number] for number in range(12)],
        "name": [[name] for name in classes],
        "probabilities": [[float(number == row) for number in range(12)] for row in range(12)],
    }
    per_slice = config_pb2.PerSliceMetricThreshold(
        slicing_specs=[config_pb2.SlicingSpec(feature_keys=["name"])],
        threshold=config_pb2.MetricThreshold(
            value_threshold=config_pb2.GenericValueThreshold(lower_bound={"value": 0.5})
        ),
    )
    eval_config = config_pb2.EvalConfig(
        model_specs=[config_pb2.ModelSpec(label_key="label", prediction_key="probabilities")],
        slicing_specs=[{}, config_pb2.SlicingSpec(feature_keys=["name"])],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    config_pb2.MetricConfig(
                        class_name="SparseCategoricalAccuracy", per_slice_thresholds=[per_slice]
                    )
                ]
            ),
            config_pb2.MetricsSpec(
                binarize=config_pb2.BinarizationOptions(class_ids={"values": range(12)}),
                metrics=[config_pb2.MetricConfig(class_name="Recall")],
            ),
        ],
    )

    result = read_evaluation(str(evaluate(eval_config, rows)))

    assert [check.slice for check in result.checks] == [f"name {name}" for name in classes]
    recalls = [f"recall (class {name})" for name in classes]
    assert [name for name in result.metrics if name in recalls] == recalls
