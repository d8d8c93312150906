"""What stands on top of a report."""

import math

import pytest

from components.evaluation.checks import NUM_ROWS, Check
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.content.run import End
from components.run_report.page.verdict import find_verdict
from support.run_report.made_up import (
    make_failed,
    make_refused,
    make_report,
    make_run,
    with_names,
)


def test_a_pushed_model_is_named_by_its_version_and_place():
    verdict = find_verdict(make_report())

    assert verdict.tone == "good"
    assert verdict.headline == "Blessed, and pushed as version 1764230000"
    assert "/1764230000" in verdict.sentences[0]
    assert verdict.refusals == ()


def test_a_refusal_says_which_gate_what_value_what_bound_and_what_to_do():
    verdict = find_verdict(make_refused())

    assert verdict.tone == "bad"
    [refusal] = verdict.refusals
    assert refusal.gate == "Evaluator"
    assert refusal.what == "accuracy of label 9 is 0.9400 < 0.9500 (1,000 rows)"
    assert "thresholds.class_accuracy" in refusal.advice


@pytest.mark.parametrize(
    ("check", "advice"),
    [
        (Check(metric="accuracy", slice="all", value=0.9, bound=0.95, passed=False), ".accuracy."),
        (
            Check(metric="accuracy change", slice="all", value=-0.1, bound=0, passed=False),
            "thresholds.max_accuracy_drop",
        ),
        (
            Check(metric=NUM_ROWS, slice="label 9", value=7, bound=50, passed=False, rows=7),
            "thresholds.min_rows",
        ),
        (
            Check(metric="accuracy", slice="label 9", value=None, bound=0, passed=False, rows=0),
            "thresholds.unmeasured_classes",
        ),
        (
            Check(metric=NUM_ROWS, slice="all", value=7, bound=50, passed=False, rows=7),
            "Give the test files more rows:",
        ),
        (
            Check(
                metric="accuracy",
                slice="split eval",
                value=0.8,
                bound=0.9,
                passed=False,
                meaning="labels are wrong",
            ),
            "thresholds.max_eval_gap",
        ),
        (
            Check(
                metric="cross_entropy change",
                slice="all",
                value=0.4,
                bound=0.1,
                is_upper_bound=True,
                passed=False,
            ),
            "max_drop or max_rise of this metric in thresholds.metrics",
        ),
        (
            Check(metric="accuracy", slice="label 0 against all", value=0.4, bound=1, passed=False),
            "pipeline/evaluation.py",
        ),
        (
            Check(
                metric="f1_score (macro average)", slice="all", value=0.4, bound=0.5, passed=False
            ),
            "change the bound of this metric in thresholds.metrics",
        ),
        (
            Check(
                metric="precision (class 3)", slice="all", value=math.nan, bound=0.5, passed=False
            ),
            "of a class that the model never answers",
        ),
    ],
    ids=str,
)
def test_what_to_do_depends_on_what_was_refused(check: Check, advice: str):
    report = make_refused()
    evaluation = report.measurements.evaluation.model_copy(update={"checks": (check,)})
    measurements = report.measurements.model_copy(update={"evaluation": evaluation})

    verdict = find_verdict(report.model_copy(update={"measurements": measurements}))

    [refusal] = verdict.refusals
    assert refusal.what == str(check)
    assert advice in refusal.advice


def test_a_failure_says_where_and_why():
    verdict = find_verdict(make_failed())

    assert verdict.tone == "bad"
    assert verdict.headline == "Failed in IdxExampleGen"
    assert any("expected 16 bytes, received 3" in sentence for sentence in verdict.sentences)


@pytest.mark.parametrize("end", End)
def test_every_end_has_words(end: End):
    report = make_report().model_copy(update={"run": make_run(end)})

    verdict = find_verdict(report)

    assert verdict.headline
    assert all(verdict.sentences)


def test_within_a_run_the_page_says_that_its_end_is_not_known():
    report = make_report().model_copy(update={"run": Missing(reason="it goes on")})

    verdict = find_verdict(report)

    assert verdict.headline == "Accepted by Evaluator and ServabilityValidator"
    assert verdict.sentences == ("it goes on",)


def test_a_model_that_only_one_gate_has_looked_at_is_not_called_accepted():
    report = make_report()
    unserved = report.measurements.model_copy(update={"serving": Missing(reason="not measured")})

    verdict = find_verdict(Report(measurements=unserved, run=Missing(reason="it goes on")))

    assert verdict.headline == "Not judged"


@pytest.mark.parametrize("end", [End.FAILED, End.INTERRUPTED, End.ENDED_EARLY, End.RUNNING])
def test_a_push_before_the_end_is_not_denied(end: End):
    pushed = make_run(end)
    unpushed = pushed.model_copy(update={"version": "", "pushed_to": ""})

    said = [
        " ".join(find_verdict(make_report().model_copy(update={"run": run})).sentences)
        for run in (pushed, unpushed)
    ]

    assert f"version {pushed.version} was pushed to {pushed.pushed_to}" in said[0]
    assert "Nothing was pushed" not in said[0]
    assert "Nothing was pushed" in said[1]


def test_a_part_of_a_run_that_refused_the_model_is_not_good():
    partial = make_run(End.PARTIAL)

    verdict = find_verdict(make_refused().model_copy(update={"run": partial}))

    assert verdict.tone == "bad"
    assert len(verdict.refusals) == 1


def test_a_class_is_refused_by_its_name_with_the_advice_for_a_class():
    [refusal] = find_verdict(with_names(make_refused())).refusals
    [nameless] = find_verdict(make_refused()).refusals

    assert refusal.what.startswith("accuracy of label 9 ('")
    assert refusal.advice == nameless.advice
