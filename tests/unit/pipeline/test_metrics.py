"""Metrics that a configuration names: what is taken, and what a wrong entry is told."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from pipeline.config_sources import ConfigError, load_config
from pipeline.metrics import FORMS, Form, MetricThreshold
from runners.commands.config import config
from support.markdown_reader import read_code, read_tables
from support.project import PROJECT

F1 = MetricThreshold(metric="F1Score", average="macro", at_least=0.9)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A configuration as a person writes it."""
    path = tmp_path / "config.yaml"
    path.write_text(
        "thresholds:\n  metrics:\n  - {metric: F1Score, average: macro, at_least: 0.9}\n"
    )
    return path


def test_none_is_the_default():
    assert load_config().thresholds.metrics == ()


def test_an_entry_can_come_from_a_file_the_environment_or_an_override(file: Path):
    text = "[{metric: F1Score, average: macro, at_least: 0.9}]"

    for source in (
        {"config_file": str(file)},
        {"environ": {"TFX_MNIST_THRESHOLDS__METRICS": text}},
        {"overrides": [f"thresholds.metrics={text}"]},
    ):
        assert load_config(**source).thresholds.metrics == (F1,)  # type: ignore[arg-type]


def test_what_config_prints_is_what_it_reads(file: Path, tmp_path: Path):
    printed = CliRunner().invoke(config, ["--yaml", "--config", str(file)]).stdout
    (tmp_path / "again.yaml").write_text(printed)

    assert "  - metric: F1Score\n    average: macro\n    at_least: 0.9\n" in printed
    assert load_config(config_file=str(tmp_path / "again.yaml")).thresholds.metrics == (F1,)


@pytest.mark.parametrize(
    ("entry", "place", "reason"),
    [
        ("{metric: F1, average: macro}", "[0].metric", "expected one of AUC, AUCPrecisionRecall"),
        ("{metric: MeanSquaredError}", "[0].metric", "expected one of"),
        (
            "{metric: SparseCategoricalAccuracy}",
            "[0].metric",
            "thresholds.accuracy and thresholds.class_accuracy",
        ),
        ("{average: macro}", "[0].metric", "Field required"),
        ("{metric: F1Score, average: makro}", "[0].average", "'macro', 'micro' or 'weighted'"),
        ("{metric: F1Score, averge: macro}", "[0].averge", "of metric, average, each_class,"),
        ("{metric: F1Score}", "[0]", "received neither average nor each_class"),
        ("{metric: F1Score, average: macro, each_class: true}", "[0]", "Make it two entries"),
        ("{metric: AUC, average: weighted}", "[0]", "average: macro or average: micro"),
        ("{metric: BalancedAccuracy, average: macro}", "[0]", "measured with each_class: true"),
        ("{metric: ExpectedCalibrationError, each_class: true}", "[0]", "neither average nor"),
        ("{metric: SparseTopKCategoricalAccuracy}", "[0]", "received None"),
        ("{metric: F1Score, average: macro, top_k: 3}", "[0]", "received 3 for F1Score"),
        ("{metric: F1Score, average: macro, max_drop: -0.1}", "[0].max_drop", "greater than or"),
        ("{metric: F1Score, average: macro, at_least: .nan}", "[0].at_least", "finite"),
        ("{metric: F1Score, average: macro, at_least: 1, at_most: 0}", "[0]", "at_least below"),
        ("{metric: F1Score, average: macro, at_least: 90}", "[0]", "at most 1, received 90"),
        ("{metric: FNR, average: macro, max_drop: 0.1}", "[0]", "better if lower: set max_rise"),
        ("{metric: F1Score, average: macro, max_rise: 1}", "[0]", "if higher: set max_drop"),
        ("F1Score", "[0]", "valid dictionary"),
        (
            "{metric: AUC, each_class: true}, {metric: AUC, each_class: true, at_least: 1}",
            "",
            "entries 0 and 1 are both of AUC",
        ),
    ],
)
def test_a_wrong_entry_is_named_by_its_place(entry: str, place: str, reason: str):
    with pytest.raises(ConfigError) as raised:
        load_config(overrides=[f"thresholds.metrics=[{entry}]"])

    message = str(raised.value)
    assert f"--set thresholds.metrics=[{entry}]: thresholds.metrics{place}: " in message
    assert reason in message
    assert len(message.splitlines()) == 1


def test_of_as_many_answers_as_classes_any_is_right():
    entry = "{metric: SparseTopKCategoricalAccuracy, top_k: 3}"

    with pytest.raises(ConfigError, match=r"metrics\[0\]\.top_k: .* data\.num_classes=3"):
        load_config(overrides=[f"thresholds.metrics=[{entry}]", "data.num_classes=3"])
    assert load_config(overrides=[f"thresholds.metrics=[{entry}]"]).thresholds.metrics[0].top_k == 3


def test_the_second_entry_is_told_from_the_first():
    entries = "[{metric: AUC, average: macro}, {metric: AUC}]"

    with pytest.raises(ConfigError, match=r"thresholds\.metrics\[1\]: "):
        load_config(overrides=[f"thresholds.metrics={entries}"])


def test_bounds_of_different_forms_of_a_metric_are_entries_of_their_own():
    entries = "[{metric: AUC, average: macro}, {metric: AUC, each_class: true}]"

    assert len(load_config(overrides=[f"thresholds.metrics={entries}"]).thresholds.metrics) == 2


def test_the_document_of_metrics_lists_each_with_its_forms():
    _, listed, _ = read_tables((PROJECT / "docs" / "metrics.md").read_text())

    told = {
        name: (averages, each_class)
        for names, averages, each_class, _ in listed[1:]
        for name in names.split(", ")
    }

    assert told == {
        name: (
            ", ".join(
                form.removeprefix("average: ") for form in forms if form.startswith("average: ")
            )
            or "no",
            "yes" if Form.EACH_CLASS in forms else "no",
        )
        for name, forms in FORMS.items()
    }


def test_the_document_of_metrics_has_an_example_that_is_taken(tmp_path: Path):
    document = (PROJECT / "docs" / "metrics.md").read_text()
    (tmp_path / "config.yaml").write_text(read_code(document)["Metrics and their bounds", "yaml"])

    metrics = load_config(config_file=str(tmp_path / "config.yaml")).thresholds.metrics

    assert metrics[0].max_drop == 0.01
    assert len(metrics) == 5
