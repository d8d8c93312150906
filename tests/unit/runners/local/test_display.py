"""What a person sees of a run while it goes on, from what TFX and the trainer log."""

import io
import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from rich.console import Console

from modules.training.progress import TrainingProgress, report_epoch
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


def test_a_terminal_shows_which_node_failed(live: LiveDisplay, terminal: io.StringIO):
    with _run_of(live):
        raise ValueError

    states = {"StatisticsGen": "cached", "Trainer": "failed", "Pusher": "waiting"}
    assert _last_picture(terminal) == states


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
