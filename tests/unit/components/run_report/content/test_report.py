"""What a report says, written as JSON and read back."""

import pytest
from pydantic import ValidationError

from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements, Report
from support.run_report.made_up import make_measurements, make_report


def test_a_report_is_read_back_as_it_was_written():
    report = make_report()

    assert Report.model_validate_json(report.model_dump_json()) == report


def test_a_part_that_is_missing_makes_measurements_less_than_whole():
    whole = make_measurements()
    less = whole.model_copy(update={"training": Missing(reason="deleted")})

    assert whole.is_whole
    assert not less.is_whole
    assert Measurements.model_validate_json(less.model_dump_json()) == less


def test_numbers_that_are_none_survive():
    whole = make_measurements()
    metrics = {"accuracy": float("nan"), "cross_entropy": float("inf")}
    evaluation = whole.evaluation.model_copy(update={"metrics": metrics})
    stored = whole.model_copy(update={"evaluation": evaluation}).model_dump_json()

    read = Measurements.model_validate_json(stored).evaluation

    assert not isinstance(read, Missing)
    assert str(read.metrics) == str(metrics)


def test_another_form_is_refused():
    stored = make_measurements().model_dump_json().replace('"form":1', '"form":2')

    with pytest.raises(ValidationError):
        Measurements.model_validate_json(stored)


def test_rows_that_are_misread_are_counted_shown_or_not():
    predictions = make_measurements().predictions

    assert not isinstance(predictions, Missing)
    assert (predictions.num_rows, predictions.num_misread) == (10000, 270)
