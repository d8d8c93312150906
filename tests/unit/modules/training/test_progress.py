"""How far a training is, as log records."""

import logging

import pytest

from modules.training.progress import TrainingProgress, progress_of, report_epoch, report_step

PROGRESS = TrainingProgress(
    epoch=2, epochs=4, step=20, steps=55, metrics={"loss": 0.5, "accuracy": 0.75}
)


def test_epoch_is_an_info_record_that_carries_the_progress(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="modules.training.progress")

    report_epoch(PROGRESS)

    [record] = caplog.records
    assert record.levelno == logging.INFO
    assert record.getMessage() == "Epoch 2/4: loss 0.5000, accuracy 0.7500"
    assert progress_of(record) is PROGRESS


def test_step_is_a_debug_record_that_carries_the_progress(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.DEBUG, logger="modules.training.progress")

    report_step(PROGRESS)

    [record] = caplog.records
    assert record.levelno == logging.DEBUG
    assert record.getMessage() == "Epoch 2/4, step 20/55: loss 0.5000, accuracy 0.7500"
    assert progress_of(record) is PROGRESS


def test_step_is_not_logged_at_level_info(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.INFO, logger="modules.training.progress")

    report_step(PROGRESS)

    assert caplog.records == []


def test_record_of_another_logger_carries_no_progress(caplog: pytest.LogCaptureFixture):
    logging.getLogger("another").warning("text")

    [record] = caplog.records
    assert progress_of(record) is None
