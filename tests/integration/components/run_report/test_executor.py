"""The node: what it writes where there is little to write, and where it cannot write."""

from pathlib import Path

import pytest
from tfx.types import standard_artifacts

from components.run_report.artifact import (
    ACCURACY_PROPERTY,
    MEASUREMENTS_FILE,
    PAGE_FILE,
    REPORT_KEY,
)
from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements
from components.run_report.executor import (
    EVAL_SPLIT_KEY,
    MAX_P99_LATENCY_KEY,
    MODEL_CARD_KEY,
    MODEL_CODE_DIGEST_KEY,
    TEST_SPLIT_KEY,
    TRAIN_SPLIT_KEY,
    Executor,
)
from components.run_report.page.rendering import SECTIONS
from modules.data_spec import DATA_SPEC_KEY, DataSpec
from support.run_report.examples import save_model, write_examples

SETTINGS = {
    TRAIN_SPLIT_KEY: "train",
    EVAL_SPLIT_KEY: "eval",
    TEST_SPLIT_KEY: "test",
    MAX_P99_LATENCY_KEY: 100.0,
    MODEL_CODE_DIGEST_KEY: "0123456789abcdef",
    MODEL_CARD_KEY: "# Card",
    DATA_SPEC_KEY: DataSpec(class_names=tuple("abc")).model_dump_json(),
}


def _report(folder: Path) -> standard_artifacts.InferenceResult:
    report = standard_artifacts.InferenceResult()
    report.uri = str(folder)
    return report


def test_without_any_input_there_is_a_page_on_which_each_section_says_why_it_is_empty(
    tmp_path: Path,
):
    report = _report(tmp_path / "report")

    Executor().Do({}, {REPORT_KEY: [report]}, SETTINGS)

    page = (tmp_path / "report" / PAGE_FILE).read_text()
    measured = Measurements.model_validate_json(
        (tmp_path / "report" / MEASUREMENTS_FILE).read_text()
    )
    assert all(f'<section id="{name}"' in page for name in SECTIONS)
    assert isinstance(measured.evaluation, Missing)
    assert measured.evaluation.reason == "The run did not get as far: it has no evaluation."
    assert not measured.is_whole
    assert not report.has_custom_property(ACCURACY_PROPERTY)


def test_a_part_that_cannot_be_read_leaves_the_others(tmp_path: Path):
    examples = standard_artifacts.Examples()
    examples.uri = str(tmp_path / "examples")
    examples.splits = ["train", "eval", "test"]
    examples.version = 1  # a folder of each split is Split-<name>
    write_examples(tmp_path / "examples" / "Split-test" / "data.gz", [(0, (9, 91, 0))])
    model = standard_artifacts.Model()
    model.uri = str(tmp_path / "model")
    save_model(tmp_path / "model" / "Format-Serving")
    model_run = standard_artifacts.ModelRun()
    model_run.uri = str(tmp_path / "model_run")
    (tmp_path / "model_run").mkdir()
    (tmp_path / "model_run" / "history.json").write_text("damaged")
    inputs = {"examples": [examples], "model": [model], "model_run": [model_run]}

    Executor().Do(inputs, {REPORT_KEY: [_report(tmp_path / "report")]}, SETTINGS)

    measured = Measurements.model_validate_json(
        (tmp_path / "report" / MEASUREMENTS_FILE).read_text()
    )
    assert isinstance(measured.training, Missing)
    assert "JSONDecodeError" in measured.training.reason
    assert not isinstance(measured.predictions, Missing)
    assert measured.predictions.num_misread == 1
    assert measured.class_names == tuple("abc")
    assert measured.predictions.classes == tuple("012"), "the names are beside them"


def test_what_cannot_be_written_is_logged_and_nothing_is_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").write_text("no folder")

    Executor().Do({}, {REPORT_KEY: [_report(tmp_path / "file" / "report")]}, SETTINGS)

    assert "the report cannot be written" in caplog.text
