"""One run on a terminal."""

import io

import pytest
from rich.console import Console

from components.evaluation.checks import Check
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.training import Curve
from runners.terminal.report import print_report
from support.run_report.made_up import make_failed, make_refused, make_report, with_names
from support.run_report.made_up_search import make_search
from support.run_report.many_classes import LONG_NAME, make_report_of_many_classes


def _print(report: Report, *, width: int = 160) -> str:
    output = io.StringIO()
    print_report(report, Console(file=output, width=width, highlight=False, markup=False))
    return output.getvalue()


def test_a_run_is_shown_by_verdict_nodes_curves_thresholds_and_mistakes():
    shown = _print(make_report())

    assert shown.startswith("Blessed, and pushed as version 1764230000\n")
    assert "IdxExampleGen" in shown
    assert "val_accuracy  ▁▆██" in " ".join(shown.split("  "))
    assert "Training: epoch 3 was exported" in shown
    assert "label 9" in shown
    assert "Misread: 270 of 10,000\nThe most confident mistakes:\n" in shown
    assert shown.count("┌" + "─" * 28 + "┐") == 4
    assert "99.0% sure" in shown


def test_a_refused_model_is_shown_with_gate_value_bound_and_what_to_do():
    shown = _print(make_refused())

    assert shown.startswith("Not blessed; nothing was pushed\n")
    assert "Evaluator: accuracy of label 9 is 0.9400 < 0.9500 (1,000 rows). Look at" in shown


def test_a_metric_without_a_bound_is_shown_with_those_that_have_one():
    report = make_report()
    evaluation = report.measurements.evaluation.model_copy(
        update={"metrics": {"accuracy": 0.97, "cross_entropy": 0.1, "auc (macro average)": 0.9987}}
    )
    measurements = report.measurements.model_copy(update={"evaluation": evaluation})

    shown = _print(report.model_copy(update={"measurements": measurements}))

    assert "auc (macro average) all 0.9987\n" in "\n".join(
        " ".join(line.split()) for line in [*shown.splitlines(), ""]
    )
    assert "cross_entropy" not in shown


def test_of_a_run_that_failed_the_node_and_its_cause_are_shown_and_what_is_missing():
    shown = _print(make_failed())

    assert shown.startswith("Failed in IdxExampleGen\n")
    assert "expected 16 bytes, received 3" in shown
    assert "not reached" in shown
    assert "Evaluation: The run did not get as far." in shown


def test_trials_of_a_search_are_shown_the_best_first_in_eighty_columns():
    report = make_report()
    measurements = report.measurements.model_copy(
        update={"search": make_search(0.991, 0.987, None)}
    )

    shown = _print(report.model_copy(update={"measurements": measurements}), width=80)

    start = shown.index("Trials: accuracy on the 5,000 rows of the split eval")
    [*_, best, second, diverged] = shown[start:].splitlines()[:6]
    assert best.split() == [
        *("1", "0.005123", "8", "0.05649", "0.04721", "True", "0.9910", "20", "present")
    ]
    assert second.split() == ["2", "0.01025", "16", "0.113", "0.09442", "False", "0.9870", "20"]
    assert "diverged" in diverged
    assert "…" not in shown[start:]


def test_trials_that_cannot_be_read_say_why():
    report = make_report()
    missing = Missing(reason="the disk is gone")
    measurements = report.measurements.model_copy(update={"search": missing})

    assert "Trials: the disk is gone" in _print(
        report.model_copy(update={"measurements": measurements})
    )


MARKUP = "named [bold]x[/y]"


def _with_run(report: Report, **parts: object) -> Report:
    return report.model_copy(update={"run": report.run.model_copy(update=parts)})


def _with_class(report: Report) -> Report:
    check = Check(metric=MARKUP, slice=MARKUP, value=1.0, bound=0.5, passed=True)
    curve = Curve(name=MARKUP, values=(1.0,))
    measured = report.measurements
    parts = {
        "evaluation": measured.evaluation.model_copy(update={"checks": (check,)}),
        "training": measured.training.model_copy(update={"curves": (curve,)}),
    }
    return report.model_copy(update={"measurements": measured.model_copy(update=parts)})


@pytest.mark.parametrize(
    ("report", "times"),
    [
        (_with_run(make_failed(), cause=MARKUP), 1),
        (_with_run(make_report(), pushed_to=MARKUP), 1),
        (_with_class(make_report()), 3),
    ],
    ids=["cause", "path", "names"],
)
def test_what_data_say_is_no_markup_of_the_terminal(report: Report, times: int):
    assert _print(report).count(MARKUP) == times


def test_a_part_that_cannot_be_shown_says_so_and_the_others_are_there():
    measured = make_report().measurements
    [first, *_] = measured.predictions.misread
    broken = measured.predictions.model_copy(
        update={"misread": (first.model_copy(update={"picture": "no PNG"}),)}
    )

    shown = _print(
        make_report().model_copy(
            update={"measurements": measured.model_copy(update={"predictions": broken})}
        )
    )

    assert "A part cannot be shown: " in shown
    assert "Training: epoch 3 was exported" in shown


def test_names_of_classes_stand_beside_their_numbers():
    shown = _print(with_names(make_report()))

    assert "accuracy           label 3 (class number 3)" in shown
    assert "1 (class number 1) read as 8 (class number 8), 98.0% sure" in shown


def test_long_names_of_many_classes_are_shown_whole_in_eighty_columns():
    shown = _print(make_report_of_many_classes(47, is_named=True), width=80)

    start = shown.index("Thresholds")
    table = shown[start : shown.index("Misread")].splitlines()
    assert max(map(len, table)) <= 80
    assert "…" not in shown
    assert "below" in shown
    assert "".join(LONG_NAME.split()) in "".join(shown[shown.index("0 (") :].split())
