"""The lines in the log of a task that say that its node goes on."""

import logging
import threading

import pytest

from components.idx_example_gen import progress as row_progress
from components.idx_example_gen.progress import count_rows, counted_rows
from modules.training.progress import TrainingProgress, report_step
from runners.node.progress import telling_progress
from support.waiting import wait_until


def test_a_task_tells_for_how_long_its_node_runs_and_how_far_it_is(
    caplog: pytest.LogCaptureFixture,
):
    caplog.set_level(logging.INFO, "runners")
    level = row_progress.logger.level
    now = [100.0]

    def told(line: str) -> bool:
        return line in [record.getMessage() for record in caplog.records]

    with telling_progress("IdxExampleGen", seconds=0, clock=lambda: now[0]):
        now[0] = 110.0
        wait_until(lambda: told("IdxExampleGen: still running, 10 s"))
        with counted_rows(70_000):
            count_rows(20_000)
        wait_until(lambda: told("IdxExampleGen: still running, 10 s, 20,000 of 70,000 rows"))
    with telling_progress("Trainer", seconds=0, clock=lambda: now[0]):
        report_step(TrainingProgress(epoch=1, epochs=4, step=20, steps=55))
        wait_until(lambda: told("Trainer: still running, 0 s, epoch 1/4, step 20/55"))

    assert row_progress.logger.level == level
    assert row_progress.logger.handlers == []
    assert "signs-of-life" not in [thread.name for thread in threading.enumerate()]
