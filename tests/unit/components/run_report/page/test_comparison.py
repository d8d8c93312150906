"""Two runs side by side."""

import re

from components.run_report.content.evaluation import Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.report import Report
from components.run_report.content.training import Training
from components.run_report.page.comparing import (
    compare_checks,
    compare_figures,
    compare_hyperparameters,
    compare_origins,
    group_misread,
    have_same_data,
)
from components.run_report.page.rendering import COMPARED, render_comparison
from support.run_report.made_up import make_failed, make_refused, make_report


def _with(report: Report, **parts: object) -> Report:
    measurements = report.measurements.model_copy(update=parts)
    return report.model_copy(update={"measurements": measurements})


def _predictions(*rows: int) -> Predictions:
    predictions = make_report().measurements.predictions
    assert isinstance(predictions, Predictions)
    [some, *_] = predictions.misread
    misread = tuple(some.model_copy(update={"row": row}) for row in rows)
    return predictions.model_copy(update={"misread": misread})


def test_figures_stand_beside_each_other_with_their_change():
    better = _with(make_report(), predictions=_predictions(1))

    table = compare_figures(make_report(), better)

    rows = {name: cells for name, *cells in table.rows}
    assert rows["accuracy"] == ["0.9949", "0.9949", "+0.0000"]
    assert rows["train examples"] == ["55,000", "55,000", "+0"]
    assert rows["latency p99, ms"] == ["2.3000", "2.3000", "+0.0000"]


def test_a_figure_that_one_of_them_lacks_is_empty():
    table = compare_figures(make_report(), make_failed())

    rows = {name: cells for name, *cells in table.rows}
    assert rows["accuracy"] == ["0.9949", "", ""]


def test_each_threshold_is_compared():
    first, second = (make().measurements.evaluation for make in (make_report, make_refused))

    rows = {name: cells for name, *cells in compare_checks(first, second).rows}

    assert rows["accuracy of label 9"] == ["0.9900", "0.9400", "-0.0500"]


def test_only_settings_that_differ_are_listed():
    first = make_report().measurements.training
    assert isinstance(first, Training)
    second = first.model_copy(update={"hyperparameters": {"epochs": 5, "strategy": "mirrored"}})

    assert compare_hyperparameters(first, second).rows == [("epochs", "4", "5")]
    assert compare_hyperparameters(first, first).rows == []


def test_only_what_differs_of_data_code_and_machine_is_listed():
    first = make_report().measurements.origin
    assert isinstance(first, Origin)
    second = first.model_copy(update={"machine": "Linux, 64 cores", "code_digest": ""})

    assert compare_origins(first, second).rows == [
        ("digest of the code that trained", "0123456789abcdef", "not known"),
        ("machine", "Linux, 2 cores", "Linux, 64 cores"),
    ]


def test_mistakes_are_those_of_one_of_the_other_and_of_both():
    groups = list(group_misread(_predictions(1, 2, 3), _predictions(3, 4)))

    assert [[each.row for each in group.misread] for group in groups] == [[1, 2], [4], [3]]


def test_rows_of_other_data_are_not_compared():
    first = make_report()
    assert isinstance(first.measurements.origin, Origin)
    other = first.measurements.origin.model_copy(update={"data_files": {"images": "d" * 64}})

    assert have_same_data([first, first])
    assert not have_same_data([first, _with(first, origin=other)])
    assert not have_same_data([first, make_failed()])
    assert "rows cannot be compared" in render_comparison(first, _with(first, origin=other))


def test_what_one_run_lacks_is_said_of_it_and_every_section_is_there():
    page = render_comparison(make_report(), make_failed())

    assert re.findall(r'<section id="([^"]+)"', page) == list(COMPARED)
    assert page.count("B: The run did not get as far.") == 5
    assert "A: The run did not get as far." not in page
    assert "<script" not in page
    assert "cannot be drawn" not in page
