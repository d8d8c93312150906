"""What an evaluation says, from files that TFMA wrote."""

from pathlib import Path

import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow_model_analysis as tfma
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from ml_metadata.proto.metadata_store_pb2 import Artifact
from tensorflow_model_analysis.utils.config_util import update_eval_config_with_defaults

from components.evaluation.result import read_evaluation
from pipeline.config import PipelineConfig, Thresholds
from pipeline.evaluation import make_eval_config
from runners.local.outcome_reader import read_outcome
from runners.metadata.records import NodeRecord
from runners.metadata.states import NodeState
from runners.node.verdict import describe_checks

LABELS = [0, 0, 1, 1]
PROBABILITIES = [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.7, 0.3]]
THRESHOLDS = Thresholds(accuracy=0.5, class_accuracy=0.75)
LINES = (
    "accuracy of all is 0.7500 >= 0.5000",
    "accuracy of label 0 is 1.0000 >= 0.7500",
    "accuracy of label 1 is 0.5000 < 0.7500",
)


@pytest.fixture(scope="module")
def evaluation(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Returns the folder of an evaluation of four rows, of which one is taken for another."""
    folder = tmp_path_factory.mktemp("evaluation")
    rows = pa.RecordBatch.from_pydict(
        {"label": [[label] for label in LABELS], "probabilities": PROBABILITIES}
    )
    # As TFX's Evaluator does where there is no baseline.
    eval_config = update_eval_config_with_defaults(
        make_eval_config(THRESHOLDS), has_baseline=False, rubber_stamp=True
    )
    with beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = (
            pipeline
            | beam.Create([rows])
            | tfma.ExtractEvaluateAndWriteResults(eval_config=eval_config, output_path=str(folder))
        )
    return folder


def test_each_check_has_its_value_its_bound_and_whether_it_held(evaluation: Path):
    result = read_evaluation(str(evaluation))

    assert tuple(str(check) for check in result.checks) == LINES
    assert [check.passed for check in result.checks] == [True, True, False]
    assert result.metrics["accuracy"] == 0.75
    assert result.has_baseline is False


def test_a_run_with_other_thresholds_shows_those_that_a_reused_evaluation_was_held_to(
    evaluation: Path, tmp_path: Path
):
    stricter = PipelineConfig(thresholds=Thresholds(accuracy=0.99), serving_model_dir=str(tmp_path))
    blessing = Artifact()
    blessing.custom_properties["blessed"].int_value = 0
    outputs = {"evaluation": Artifact(uri=str(evaluation)), "blessing": blessing}
    record = NodeRecord(node_id="Evaluator", state=NodeState.CACHED, seconds=0, outputs=outputs)

    outcome = read_outcome({"Evaluator": record}, stricter, "run", ["Evaluator"], "")

    assert tuple(str(check) for check in outcome.checks) == LINES
    assert describe_checks(record) == LINES
