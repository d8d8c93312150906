"""The Evaluator on a model of which it is known what it gets right: what it blesses."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest
import tensorflow as tf
from google.protobuf import json_format
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.evaluation.result import read_evaluation
from components.evaluator.executor import Executor
from modules.features import IMAGE_KEY, LABEL_KEY
from modules.training.history import HISTORY_FILE
from modules.training.record import RECORD_FILE, TrainingRecord
from pipeline.config import Thresholds
from pipeline.evaluation import make_eval_config
from support.trainings import serialize_example

NUM_CLASSES = 3
NUM_ROWS = 100
NUM_WRONG = 2
BEAM = ["--runner=FnApiRunner"]


class ReadsFirstPixel(tf.Module):
    """A model for which an image is of the class that its first pixel says."""

    def __init__(self, num_classes: int = NUM_CLASSES) -> None:
        super().__init__()
        self.num_classes = num_classes

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="examples")])
    def serve_examples(self, examples: tf.Tensor) -> dict[str, tf.Tensor]:
        spec = {IMAGE_KEY: tf.io.FixedLenFeature([], tf.string)}
        images = tf.io.decode_raw(tf.io.parse_example(examples, spec)[IMAGE_KEY], tf.uint8)
        return {"probabilities": tf.one_hot(images[:, 0], self.num_classes)}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Model:
    artifact = standard_artifacts.Model()
    artifact.uri = str(tmp_path_factory.mktemp("model"))
    module = ReadsFirstPixel()
    signatures = {"serving_default": module.serve_examples}
    tf.saved_model.save(module, path_utils.serving_model_path(artifact.uri), signatures)
    return artifact


@pytest.fixture(scope="module")
def examples(tmp_path_factory: pytest.TempPathFactory) -> standard_artifacts.Examples:
    """The split test: rows of each class in turn; of the first ones, the model gets some wrong."""
    artifact = standard_artifacts.Examples()
    artifact.uri = str(tmp_path_factory.mktemp("examples"))
    artifact.splits = ["test"]
    shard = Path(artifact.path(split="test")) / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir(parents=True)
    with tf.io.TFRecordWriter(str(shard), "GZIP") as writer:
        for row in range(NUM_ROWS):
            label = row % NUM_CLASSES
            read = (label + (row < NUM_WRONG)) % NUM_CLASSES
            pixels = bytes([read]) + bytes(783)
            writer.write(serialize_example(**{IMAGE_KEY: pixels, LABEL_KEY: label}))
    return artifact


@pytest.fixture
def evaluate(
    tmp_path: Path, model: standard_artifacts.Model, examples: standard_artifacts.Examples
) -> Callable[..., standard_artifacts.ModelBlessing]:
    """Returns a function that evaluates the model and returns the blessing."""
    model_run = standard_artifacts.ModelRun()
    model_run.uri = str(tmp_path / "model_run")
    evaluation = standard_artifacts.ModelEvaluation()
    evaluation.uri = str(tmp_path / "evaluation")
    blessing = standard_artifacts.ModelBlessing()
    blessing.uri = str(tmp_path / "blessing")

    def evaluate(  # noqa: PLR0913 - all that an evaluation hangs on
        *,
        val_accuracy: float = 0.97,
        history: str = "",
        record: str = "",
        eval_rows: int | None = 1000,
        max_eval_gap: float = 0.005,
        least_accuracy: float = 0.9,
        metrics: tuple[str, ...] = (),
        rename: Mapping[str, str] = MappingProxyType({}),
        baseline: standard_artifacts.Model | None = None,
        of: standard_artifacts.Examples = examples,
    ) -> standard_artifacts.ModelBlessing:
        Path(model_run.uri).mkdir()
        ours = TrainingRecord(hyperparameters={}, replicas=1, devices=(), eval_rows=eval_rows)
        text = record or ours.model_dump_json()
        (tmp_path / "model_run" / RECORD_FILE).write_text(text)
        rows = [{"epoch": 1, "val_accuracy": val_accuracy}, {"epoch": 2, "val_accuracy": 0.1}]
        (tmp_path / "model_run" / HISTORY_FILE).write_text(history or json.dumps(rows))
        thresholds = Thresholds(accuracy=least_accuracy, class_accuracy=0, min_rows=1)
        eval_config = make_eval_config(thresholds, range(NUM_CLASSES))
        for metric in list(eval_config.metrics_specs[0].metrics):
            if metrics and metric.class_name not in metrics:
                eval_config.metrics_specs[0].metrics.remove(metric)
            elif metric.class_name in rename:
                metric.config = json.dumps({"name": rename[metric.class_name]})
        Executor(Executor.Context(beam_pipeline_args=BEAM, tmp_dir=str(tmp_path))).Do(
            {
                "model": [model],
                "model_run": [model_run],
                "examples": [of],
                "baseline_model": [baseline] if baseline else [],
            },
            {"evaluation": [evaluation], "blessing": [blessing]},
            {
                "eval_config": json_format.MessageToJson(eval_config),
                "example_splits": '["test"]',
                "eval_split": "eval",
                "max_eval_gap": max_eval_gap,
            },
        )
        return blessing

    return evaluate


def _marks(blessing: standard_artifacts.ModelBlessing) -> tuple[set[str], int]:
    names = {path.name for path in Path(blessing.uri).iterdir()}
    return names, blessing.get_int_custom_property("blessed")


def test_a_model_that_reads_eval_as_well_as_test_is_blessed(evaluate: Callable, tmp_path: Path):
    blessing = evaluate(val_accuracy=0.97)

    assert _marks(blessing) == ({"BLESSED"}, 1)
    [check] = [
        each
        for each in read_evaluation(str(tmp_path / "evaluation")).checks
        if each.slice == "split eval"
    ]
    assert (check.value, check.rows, check.passed) == (0.97, 1000, True)
    assert 0.8 < check.bound < 0.95


def test_of_a_model_that_reads_eval_much_worse_the_blessing_is_taken_back(
    evaluate: Callable, tmp_path: Path
):
    blessing = evaluate(val_accuracy=0.8)

    assert _marks(blessing) == ({"NOT_BLESSED"}, 0)
    assert blessing.get_string_custom_property("current_model")
    checks = read_evaluation(str(tmp_path / "evaluation")).checks
    assert [each.slice for each in checks if not each.passed] == ["split eval"]


def test_what_tfma_refuses_stays_refused(evaluate: Callable):
    blessing = evaluate(val_accuracy=0.99, least_accuracy=0.99)

    assert _marks(blessing) == ({"NOT_BLESSED"}, 0)


def test_with_a_gap_of_1_labels_are_not_looked_at(evaluate: Callable, tmp_path: Path):
    blessing = evaluate(val_accuracy=0.1, eval_rows=None, max_eval_gap=1.0)

    assert _marks(blessing) == ({"BLESSED"}, 1)
    slices = {each.slice for each in read_evaluation(str(tmp_path / "evaluation")).checks}
    assert slices == {"all", "label 0", "label 1", "label 2"}


def test_a_training_that_does_not_tell_its_rows_is_an_error_before_anything_is_evaluated(
    evaluate: Callable, tmp_path: Path
):
    with pytest.raises(ValueError, match=r"received 0\.97 and None") as error:
        evaluate(val_accuracy=0.97, eval_rows=None)

    assert "`tfx-mnist run --from Trainer`" in str(error.value)
    assert "set thresholds.max_eval_gap to 1" in str(error.value)
    assert not (tmp_path / "evaluation").exists()


@pytest.mark.parametrize("history", ["[]", '[{"epoch": 1, "loss": 0.1}]'])
def test_the_history_of_another_trainer_is_an_error_that_says_how_to_do_without(
    history: str, evaluate: Callable
):
    with pytest.raises(ValueError, match="received None and 1000") as error:
        evaluate(history=history)

    assert "set thresholds.max_eval_gap to 1" in str(error.value)


def test_the_record_of_another_trainer_is_an_error_that_says_how_to_do_without(evaluate: Callable):
    with pytest.raises(ValueError, match=r"received 0\.97 and None") as error:
        evaluate(record='{"mine": 1}')

    assert "set thresholds.max_eval_gap to 1" in str(error.value)


def test_an_evaluation_without_accuracy_is_an_error_that_says_what_to_add(
    evaluate: Callable, tmp_path: Path
):
    with pytest.raises(ValueError, match="expected SparseCategoricalAccuracy among") as error:
        evaluate(val_accuracy=0.97, metrics=("SparseCategoricalCrossentropy", "RowCount"))

    assert "received SparseCategoricalCrossentropy, RowCount." in str(error.value)
    assert not (tmp_path / "evaluation").exists()


def test_metrics_that_go_by_other_names_are_an_error_and_no_open_gate(evaluate: Callable):
    with pytest.raises(ValueError, match="received right, cross_entropy") as error:
        evaluate(rename={"SparseCategoricalAccuracy": "right"})

    assert "no name of their own" in str(error.value)


def test_rows_that_go_by_another_name_are_an_error_and_no_open_gate(evaluate: Callable):
    with pytest.raises(ValueError, match="the number of all rows"):
        evaluate(rename={"RowCount": "n"})


def test_beside_a_baseline_it_is_the_candidate_whose_labels_are_looked_at(
    evaluate: Callable, model: standard_artifacts.Model, tmp_path: Path
):
    blessing = evaluate(val_accuracy=0.8, baseline=model)

    assert _marks(blessing) == ({"NOT_BLESSED"}, 0)
    checks = read_evaluation(str(tmp_path / "evaluation")).checks
    assert [each.slice for each in checks if not each.passed] == ["split eval"]
    assert checks[-1].is_change


def test_a_baseline_of_other_classes_is_not_compared_with(
    evaluate: Callable, tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    other = standard_artifacts.Model()
    other.uri = str(tmp_path / "other")
    module = ReadsFirstPixel(NUM_CLASSES - 1)
    signatures = {"serving_default": module.serve_examples}
    tf.saved_model.save(module, path_utils.serving_model_path(other.uri), signatures)

    blessing = evaluate(val_accuracy=0.97, baseline=other)

    assert _marks(blessing) == ({"BLESSED"}, 1)
    assert not read_evaluation(str(tmp_path / "evaluation")).has_baseline
    assert "not compared with: answers are 3, and were 2" in caplog.text


def test_without_test_rows_there_is_nothing_to_hold_it_to_and_no_blessing(
    evaluate: Callable, tmp_path: Path
):
    empty = standard_artifacts.Examples()
    empty.uri = str(tmp_path / "empty")
    empty.splits = ["test"]
    shard = Path(empty.path(split="test")) / "data_tfrecord-00000-of-00001.gz"
    shard.parent.mkdir(parents=True)
    tf.io.TFRecordWriter(str(shard), "GZIP").close()

    blessing = evaluate(val_accuracy=0.97, of=empty)

    assert _marks(blessing) == ({"NOT_BLESSED"}, 0)
