"""One run on a terminal."""

import io

from rich.console import Console

from components.run_report.content.report import Report
from runners.terminal.report import print_report
from support.run_report.made_up import make_failed, make_refused, make_report


def _print(report: Report) -> str:
    output = io.StringIO()
    print_report(report, Console(file=output, width=160, highlight=False))
    return output.getvalue()


def test_a_run_is_shown_by_verdict_nodes_curves_thresholds_and_mistakes():
    shown = _print(make_report())

    assert shown.startswith("Blessed, and pushed as version 1764230000\n")
    assert "IdxExampleGen" in shown
    assert "val_accuracy  ▁▆██" in " ".join(shown.split("  "))
    assert "Training: epoch 3 was exported" in shown
    assert "label 9" in shown
    assert "Misread: 270 of 10,000; the most confident mistakes:" in shown
    assert shown.count("┌" + "─" * 28 + "┐") == 4
    assert "99.0% sure" in shown


def test_a_refused_model_is_shown_with_gate_value_bound_and_what_to_do():
    shown = _print(make_refused())

    assert shown.startswith("Not blessed; nothing was pushed\n")
    assert "Evaluator: accuracy of label 9 is 0.9400 < 0.9500. Look at" in shown


def test_of_a_run_that_failed_the_node_and_its_cause_are_shown_and_what_is_missing():
    shown = _print(make_failed())

    assert shown.startswith("Failed in IdxExampleGen\n")
    assert "expected 16 bytes, received 3" in shown
    assert "not reached" in shown
    assert "Evaluation: The run did not get as far." in shown


def test_what_data_say_is_no_markup_of_the_terminal():
    report = make_failed()
    cause = "a file named [bold]x[/bold]"
    run = report.run.model_copy(update={"cause": cause})

    assert cause in _print(report.model_copy(update={"run": run}))
