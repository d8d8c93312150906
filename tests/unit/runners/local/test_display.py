"""What a person sees of a run while it goes on, from what TFX and the trainer log."""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from rich.console import Console

from components.idx_example_gen.progress import count_rows, counted_rows
from modules.training.progress import TrainingProgress, report_epoch, report_step
from modules.tuning.progress import report_trial
from modules.tuning.trials import Trial
from runners.interrupts import Interruption
from runners.local.display import LiveDisplay, PlainDisplay
from runners.local.events import observe_nodes

NODES = ("StatisticsGen", "Trainer", "Pusher")
tfx_log = logging.getLogger("absl")


@pytest.fixture(autouse=True)
def _log_level(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "absl")


@contextmanager
def _run_of(display: PlainDisplay | LiveDisplay) -> Iterator[None]:
    """A run, up to where the Trainer trains; an error in the block ends it, as in run_locally."""
    with display:
        display.nodes_known(NODES)
        with suppress(ValueError), observe_nodes(display, Interruption()):
            tfx_log.info("Component %s is running.", "StatisticsGen")
            tfx_log.info("A cached execution %d is used.", 7)
            tfx_log.info("Component %s is finished.", "StatisticsGen")
            tfx_log.info("Component %s is running.", "Trainer")
            report_epoch(TrainingProgress(epoch=1, epochs=9, step=2, steps=2, metrics={"loss": 1}))
            yield


def _last_picture(output: io.StringIO) -> dict[str, str]:
    """Returns the state of each node as it was drawn last."""
    text = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", output.getvalue())
    last = text[text.rindex("StatisticsGen") :]
    rows = [line.split() for line in last.splitlines()]
    return {row[0]: row[1] for row in rows if row and row[0] in NODES}


@pytest.fixture
def terminal() -> io.StringIO:
    return io.StringIO()


@pytest.fixture
def live(terminal: io.StringIO) -> LiveDisplay:
    return LiveDisplay(Console(file=terminal, force_terminal=True, width=100))


def test_lines_tell_how_each_node_ended():
    output = io.StringIO()

    with _run_of(PlainDisplay(output)):
        tfx_log.info("Component %s is finished.", "Trainer")
        tfx_log.info("Component %s is running.", "Pusher")
        raise ValueError

    lines = re.sub(r"\d+\.\d s", "1.2 s", output.getvalue()).splitlines()
    assert [line for line in lines if line.endswith("(1.2 s)")] == [
        "StatisticsGen: cached (1.2 s)",
        "Trainer: complete (1.2 s)",
        "Pusher: failed (1.2 s)",
    ]


def test_lines_tell_for_how_long_a_node_runs_and_how_far_it_is():
    output = io.StringIO()
    now = [1000.0]
    display = PlainDisplay(output, clock=lambda: now[0])

    def pass_time(seconds: float) -> None:
        now[0] += seconds
        display.tell_progress()

    with display:
        pass_time(9)
        pass_time(1)
        display.nodes_known(("IdxExampleGen", "Trainer", "Pusher"))
        pass_time(20)
        with observe_nodes(display, Interruption()):
            tfx_log.info("Component %s is running.", "IdxExampleGen")
            pass_time(10)
            with counted_rows(70_000):
                count_rows(10_000)
                count_rows(10_000)
            pass_time(5)
            pass_time(5)
            tfx_log.info("Component %s is finished.", "IdxExampleGen")
            pass_time(20)
            tfx_log.info("Component %s is running.", "Trainer")
            pass_time(10)
            report_step(TrainingProgress(epoch=2, epochs=9, step=40, steps=213))
            pass_time(10)

    assert output.getvalue().splitlines() == [
        "loading TensorFlow and TFX",
        "  loading TensorFlow and TFX: 10 s",
        "running 3 nodes: IdxExampleGen, Trainer, Pusher",
        "IdxExampleGen: running",
        "  IdxExampleGen: 10 s",
        "  IdxExampleGen: 20 s, 20,000 of 70,000 rows",
        "IdxExampleGen: complete (20.0 s)",
        "Trainer: running",
        "  Trainer: 10 s",
        "  Trainer: 20 s, epoch 2/9, step 40/213",
    ]


def test_a_terminal_shows_how_many_rows_are_converted(live: LiveDisplay, terminal: io.StringIO):
    with live:
        live.nodes_known(("IdxExampleGen",))
        with observe_nodes(live, Interruption()), counted_rows(70_000):
            tfx_log.info("Component %s is running.", "IdxExampleGen")
            count_rows(1_234)

    assert re.search(r"rows +\S*━.* 1,234 of 70,000", terminal.getvalue())


def test_a_terminal_shows_which_node_failed(live: LiveDisplay, terminal: io.StringIO):
    with _run_of(live):
        raise ValueError

    states = {"StatisticsGen": "cached", "Trainer": "failed", "Pusher": "waiting"}
    assert _last_picture(terminal) == states


def _end_trial(number: int, val_accuracy: float) -> None:
    report_epoch(
        TrainingProgress(
            epoch=2,
            epochs=2,
            step=9,
            steps=9,
            metrics={"val_accuracy": val_accuracy},
            trial=number,
            trials=3,
        )
    )
    history = ({"epoch": 2, "val_accuracy": val_accuracy},)
    report_trial(Trial(number=number, values={"filters": 8 * number}, history=history), 3)


def test_lines_tell_each_epoch_of_each_trial_and_what_came_of_it():
    output = io.StringIO()

    with _run_of(PlainDisplay(output)):
        _end_trial(1, 0.9)

    lines = output.getvalue().splitlines()
    assert "  trial 1/3, epoch 2/2: val_accuracy 0.9000" in lines
    assert lines[-1] == "  trial 1: val_accuracy 0.9000 with filters 8"


def test_a_terminal_shows_the_best_trial_so_far(live: LiveDisplay, terminal: io.StringIO):
    with _run_of(live):
        report_trial(Trial(number=1, values={"filters": 8}, fault="diverged"), 3)
        for number, val_accuracy in enumerate((0.9, 0.7), start=2):
            _end_trial(number, val_accuracy)

    shown = re.sub(r"\x1b\[[^a-zA-Z]*[a-zA-Z]", "", terminal.getvalue())
    assert "best so far: val_accuracy 0.9000 with filters 16" in shown[shown.rindex("Trainer") :]


def test_a_terminal_shows_which_node_was_interrupted(live: LiveDisplay, terminal: io.StringIO):
    with pytest.raises(KeyboardInterrupt), _run_of(live):
        raise KeyboardInterrupt

    assert _last_picture(terminal)["Trainer"] == "interrupted"


def test_an_error_between_two_nodes_fails_neither(live: LiveDisplay, terminal: io.StringIO):
    with _run_of(live):
        tfx_log.info("Component %s is finished.", "Trainer")
        raise ValueError

    states = {"StatisticsGen": "cached", "Trainer": "complete", "Pusher": "waiting"}
    assert _last_picture(terminal) == states
