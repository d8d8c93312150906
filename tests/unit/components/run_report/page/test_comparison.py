"""Two runs side by side."""

import re

from components.evaluation.checks import Check
from components.run_report.content.evaluation import Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.report import Report
from components.run_report.content.training import Curve, Training
from components.run_report.page.comparing import (
    compare_checks,
    compare_figures,
    compare_hyperparameters,
    compare_origins,
    find_class_names,
    group_misread,
    have_same_test_rows,
)
from components.run_report.page.figures import draw_curves_of_two
from components.run_report.page.rendering import COMPARED, render_comparison
from support.run_report.made_up import make_failed, make_refused, make_report, with_names


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

    assert rows["accuracy of label 9"] == [
        *("0.9900 of 1,000", ">= 0.9500", "0.9400 of 1,000, below", ">= 0.9500", "-0.0500")
    ]
    assert rows["accuracy of all"] == ["0.9949 of 10,000", ">= 0.9800", "", "", ""]


def test_two_bounds_of_one_metric_are_two_rows():
    checks = tuple(
        Check(metric="accuracy", slice="all", value=0.4, bound=bound, **kind)
        for bound, kind in (
            (0.5, {"passed": False}),
            (0.9, {"passed": True, "is_upper_bound": True}),
            (0.3, {"passed": True}),
        )
    )
    evaluation = make_report().measurements.evaluation.model_copy(update={"checks": checks})

    rows = {name: cells[:2] for name, *cells in compare_checks(evaluation, evaluation).rows}

    assert rows == {
        "accuracy of all": ["0.4000, below", ">= 0.5000"],
        "accuracy of all, at most": ["0.4000", "<= 0.9000"],
        "accuracy of all (2)": ["0.4000", ">= 0.3000"],
    }


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


def test_groups_say_of_how_many_mistakes_they_are_where_a_report_keeps_but_some():
    a, b = _predictions(1), _predictions(1, 2)

    titles = [group.title for group in group_misread(a, b)]

    assert titles[0] == (
        "By A alone, among the 1 of 270 mistakes that A was surest of and the 2 of 270 mistakes "
        "that B was surest of"
    )


def test_rows_of_other_test_data_are_not_compared():
    first = make_report()
    other = _with(first, origin=_origin("c" * 64, test="d" * 64))

    assert have_same_test_rows([first, first])
    assert not have_same_test_rows([first, other])
    assert not have_same_test_rows([first, make_failed()])
    assert "rows cannot be compared" in render_comparison(first, other)


def test_more_training_data_leaves_the_test_rows_the_same():
    few, many = (_with(make_report(), origin=_origin(train * 64)) for train in "ac")

    assert have_same_test_rows([few, many])
    assert "By A alone" in render_comparison(few, many)


def _origin(train: str, test: str = "b" * 64) -> Origin:
    origin = make_report().measurements.origin
    assert isinstance(origin, Origin)
    files = {"train-images.gz": train, "t10k-images.gz": test}
    return origin.model_copy(update={"data_files": files, "test_files": ("t10k-images.gz",)})


def test_curves_that_both_have_are_drawn_with_whole_epochs():
    long, short = _training("loss", "val_loss", epochs=3), _training("loss", epochs=2)

    for figures in (draw_curves_of_two(long, short), draw_curves_of_two(short, long)):
        assert [figure.title for figure in figures] == ["loss by epoch"]
        ticks = re.findall(r">([\d.]+)</text>", figures[0].drawing)
        assert {"1", "2", "3"} <= set(ticks)
        assert "1.5" not in ticks
    [both] = draw_curves_of_two(long, long)
    assert both.title == "val_loss by epoch"


def _training(*names: str, epochs: int) -> Training:
    training = make_report().measurements.training
    assert isinstance(training, Training)
    values = tuple(10.0 + 10 * epoch for epoch in range(epochs))
    curves = tuple(Curve(name=name, values=values) for name in names)
    return training.model_copy(update={"curves": curves})


def test_no_table_is_called_as_its_section_which_a_screen_reader_could_not_tell_apart():
    other = _with(make_report(), origin=_origin("d" * 64))

    titles = re.findall(r'aria-label="([^"]+)"', render_comparison(make_report(), other))

    assert "Data, code, packages and machine that differ" in titles
    assert not set(titles) & set(COMPARED.values())


def test_what_one_run_lacks_is_said_of_it_and_every_section_is_there():
    page = render_comparison(make_report(), make_failed())

    assert re.findall(r'<section id="([^"]+)"', page) == list(COMPARED)
    assert page.count("B: The run did not get as far.") == 7
    assert "A: The run did not get as far." not in page
    assert "cannot be drawn" not in page


def test_no_name_in_the_data_is_markup():
    page = render_comparison(make_report(), _with(make_report(), origin=_origin("d" * 64)))

    assert page.count("&lt;script&gt;") > 1
    assert "<script" not in page


def test_classes_are_called_as_in_the_later_run_and_joined_by_their_numbers():
    a, b = with_names(make_report()), _with(make_refused(), class_names=("Hat",) * 10)

    page = render_comparison(a, b)

    assert "accuracy of label 9 (Hat)</span></th>\n<td" in page
    assert "label 9</" not in page
    assert "0 (Hat) read as 8 (Hat)" in page
    assert find_class_names(a, make_report()) == a.measurements.class_names
