"""Shows a run while it goes on: live on a terminal, plain lines elsewhere (no TensorFlow)."""

import threading
import time
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from components.idx_example_gen.progress import RowProgress
from modules.training.progress import TrainingProgress
from modules.tuning.progress import describe_trial
from modules.tuning.trials import Trial
from runners.metadata.states import NodeState
from runners.progress import SECONDS_BETWEEN_SIGNS, describe_progress, repeated
from runners.terminal.console import make_console
from runners.terminal.tables import STATE_STYLES

_LOADING = "loading TensorFlow and TFX"


class PlainDisplay:
    """Writes one line for each thing that happens, for logs and pipes; and one if nothing does."""

    def __init__(self, output: TextIO, clock: Callable[[], float] = time.monotonic) -> None:
        self._output = output
        self._clock = clock
        self._lock = threading.RLock()
        self._signs = ExitStack()
        self._started = self._told = 0.0
        self._cached = False
        self._running = ""
        self._rows: RowProgress | None = None
        self._training: TrainingProgress | None = None

    def __enter__(self) -> Self:
        self._begin(_LOADING)
        self._say(_LOADING)
        self._signs.enter_context(repeated(self.tell_progress, seconds=1))
        return self

    def __exit__(self, *_: object) -> None:
        self._signs.close()

    def tell_progress(self) -> None:
        """Writes how far the running node is, if nothing has been written for ten seconds."""
        with self._lock:  # of two threads, only one tells it
            running, now = self._running, self._clock()
            if running and now - self._told >= SECONDS_BETWEEN_SIGNS:
                progress = describe_progress(now - self._started, self._rows, self._training)
                self._say(f"  {running}: {progress}")

    def nodes_known(self, node_ids: Sequence[str]) -> None:
        self._running = ""
        self._say(f"running {len(node_ids)} nodes: {', '.join(node_ids)}")

    def node_started(self, node_id: str) -> None:
        self._begin(node_id)
        self._say(f"{node_id}: running")

    def node_cached(self, node_id: str) -> None:  # noqa: ARG002 - the observer's signature
        self._cached = True

    def node_finished(self, node_id: str) -> None:
        self._end(node_id, NodeState.CACHED if self._cached else NodeState.COMPLETE)

    def node_failed(self, node_id: str) -> None:
        self._end(node_id, NodeState.FAILED)

    def rows_converted(self, rows: RowProgress) -> None:
        self._rows = rows

    def training_progressed(self, training: TrainingProgress) -> None:
        self._training = training
        if training.step == training.steps and "val_accuracy" in training.metrics:
            self._say(f"  {training.place}: {_metrics(training)}")

    def trial_ended(self, trial: Trial) -> None:
        self._say(f"  trial {trial.number}: {describe_trial(trial)}")

    def _end(self, node_id: str, state: NodeState) -> None:
        self._running = ""
        self._say(f"{node_id}: {state} ({self._clock() - self._started:.1f} s)")

    def _begin(self, what: str) -> None:
        self._started, self._cached = self._clock(), False
        self._rows = self._training = None
        self._running = what

    def _say(self, line: str) -> None:
        with self._lock:
            self._output.write(f"{line}\n")
            self._output.flush()
            self._told = self._clock()


class LiveDisplay:
    """Draws one line for each node, with its state and time, and a bar for rows and training."""

    def __init__(self, console: Console) -> None:
        self._states: dict[str, NodeState] = {}
        self._started: dict[str, float] = {}
        self._seconds: dict[str, float] = {}
        self._rows: RowProgress | None = None
        self._training: TrainingProgress | None = None
        self._best: Trial | None = None
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

    def rows_converted(self, rows: RowProgress) -> None:
        self._rows = rows

    def training_progressed(self, training: TrainingProgress) -> None:
        self._training = training

    def trial_ended(self, trial: Trial) -> None:
        best = self._best.score if self._best else None
        if trial.score is not None and (best is None or trial.score > best):
            self._best = trial

    def _end(self, node_id: str, state: NodeState) -> None:
        self._states[node_id] = state
        self._seconds[node_id] = time.monotonic() - self._started[node_id]
        self._rows = self._training = self._best = None

    def _render(self) -> RenderableType:
        if not self._states:
            return Spinner("dots", _LOADING)
        table = Table.grid(padding=(0, 2))
        for node_id, state in self._states.items():
            table.add_row(
                Text(f"  {node_id}", style="bold" if state == NodeState.RUNNING else ""),
                Text(state, style=STATE_STYLES[state]),
                Text(self._elapsed(node_id), justify="right"),
            )
        bars = [_draw_rows(self._rows)] if self._rows else []
        bars += [_draw_training(self._training)] if self._training else []
        bars += [Text(f"  best so far: {describe_trial(self._best)}")] if self._best else []
        return Group(table, *bars)

    def _elapsed(self, node_id: str) -> str:
        if node_id not in self._started:
            return ""
        seconds = self._seconds.get(node_id, time.monotonic() - self._started[node_id])
        return f"{seconds:.1f} s"


def make_display(terminal: TextIO) -> PlainDisplay | LiveDisplay:
    """Returns the display that suits `terminal`."""
    console = make_console(terminal)
    return LiveDisplay(console) if console.is_terminal else PlainDisplay(terminal)


def _metrics(training: TrainingProgress) -> str:
    return "  ".join(f"{name} {value:.4f}" for name, value in training.metrics.items())


def _draw_rows(rows: RowProgress) -> RenderableType:
    told = Text(f"{rows.done:,} of {rows.total:,}")
    return _draw_bar("rows", total=rows.total, done=rows.done, told=told)


def _draw_training(training: TrainingProgress) -> RenderableType:
    return _draw_bar(
        training.place,
        total=training.epochs * training.steps,
        done=(training.epoch - 1) * training.steps + training.step,
        told=Text(_metrics(training), no_wrap=True, overflow="ellipsis"),
    )


def _draw_bar(name: str, *, total: int, done: int, told: Text) -> RenderableType:
    row = Table.grid(padding=(0, 2))
    row.add_row(Text(f"  {name}"), ProgressBar(total=total, completed=done, width=32), told)
    return row
