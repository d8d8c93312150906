"""Shows a run while it goes on: live on a terminal, plain lines elsewhere (no TensorFlow)."""

import time
from collections.abc import Sequence
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from modules.training.progress import TrainingProgress
from runners.metadata.states import NodeState
from runners.terminal.console import make_console
from runners.terminal.tables import STATE_STYLES


class PlainDisplay:
    """Writes one line for each thing that happens, for logs and pipes."""

    def __init__(self, output: TextIO) -> None:
        self._output = output
        self._started = 0.0
        self._cached = False

    def __enter__(self) -> Self:
        self._say("loading TensorFlow and TFX")
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def nodes_known(self, node_ids: Sequence[str]) -> None:
        self._say(f"running {len(node_ids)} nodes: {', '.join(node_ids)}")

    def node_started(self, node_id: str) -> None:
        self._started, self._cached = time.monotonic(), False
        self._say(f"{node_id}: running")

    def node_cached(self, node_id: str) -> None:  # noqa: ARG002 - the observer's signature
        self._cached = True

    def node_finished(self, node_id: str) -> None:
        self._end(node_id, NodeState.CACHED if self._cached else NodeState.COMPLETE)

    def node_failed(self, node_id: str) -> None:
        self._end(node_id, NodeState.FAILED)

    def training_progressed(self, training: TrainingProgress) -> None:
        if training.step == training.steps and "val_accuracy" in training.metrics:
            self._say(f"  epoch {training.epoch}/{training.epochs}: {_metrics(training)}")

    def _end(self, node_id: str, state: NodeState) -> None:
        self._say(f"{node_id}: {state} ({time.monotonic() - self._started:.1f} s)")

    def _say(self, line: str) -> None:
        self._output.write(f"{line}\n")
        self._output.flush()


class LiveDisplay:
    """Draws one line for each node, with its state and time, and a bar for the training."""

    def __init__(self, console: Console) -> None:
        self._states: dict[str, NodeState] = {}
        self._started: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._training: TrainingProgress | None = None
        self._live = Live(get_renderable=self._render, console=console, refresh_per_second=8)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        exception_type: type[BaseException] | None,
        exception: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if exception_type:
            by_hand = issubclass(exception_type, KeyboardInterrupt)
            ended = NodeState.INTERRUPTED if by_hand else NodeState.FAILED
            for node_id, state in self._states.items():
                if state == NodeState.RUNNING:
                    self._end(node_id, ended)
        self._live.stop()

    def nodes_known(self, node_ids: Sequence[str]) -> None:
        self._states = dict.fromkeys(node_ids, NodeState.WAITING)

    def node_started(self, node_id: str) -> None:
        self._states[node_id] = NodeState.RUNNING
        self._started[node_id] = time.monotonic()

    def node_cached(self, node_id: str) -> None:
        self._states[node_id] = NodeState.CACHED

    def node_finished(self, node_id: str) -> None:
        cached = self._states[node_id] == NodeState.CACHED
        self._end(node_id, NodeState.CACHED if cached else NodeState.COMPLETE)

    def node_failed(self, node_id: str) -> None:
        self._end(node_id, NodeState.FAILED)

    def training_progressed(self, training: TrainingProgress) -> None:
        self._training = training

    def _end(self, node_id: str, state: NodeState) -> None:
        self._states[node_id] = state
        self._seconds[node_id] = time.monotonic() - self._started[node_id]
        self._training = None

    def _render(self) -> RenderableType:
        if not self._states:
            return Spinner("dots", "loading TensorFlow and TFX")
        table = Table.grid(padding=(0, 2))
        for node_id, state in self._states.items():
            table.add_row(
                Text(f"  {node_id}", style="bold" if state == NodeState.RUNNING else ""),
                Text(state, style=STATE_STYLES[state]),
                Text(self._elapsed(node_id), justify="right"),
            )
        return Group(table, self._render_training()) if self._training else table

    def _elapsed(self, node_id: str) -> str:
        if node_id not in self._started:
            return ""
        seconds = self._seconds.get(node_id, time.monotonic() - self._started[node_id])
        return f"{seconds:.1f} s"

    def _render_training(self) -> RenderableType:
        training = self._training
        if training is None:
            return Text()
        done = (training.epoch - 1) * training.steps + training.step
        row = Table.grid(padding=(0, 2))
        row.add_row(
            Text(f"  epoch {training.epoch}/{training.epochs}"),
            ProgressBar(total=training.epochs * training.steps, completed=done, width=32),
            Text(_metrics(training), no_wrap=True, overflow="ellipsis"),
        )
        return row


def make_display(terminal: TextIO) -> PlainDisplay | LiveDisplay:
    """Returns the display that suits `terminal`."""
    console = make_console(terminal)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(terminal)


def _metrics(training: TrainingProgress) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in training.metrics.items())
