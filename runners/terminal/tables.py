"""Tables of what a run did (no TensorFlow)."""

from collections.abc import Iterable, Mapping, Sequence

from rich.console import RenderableType
from rich.table import Table
from rich.text import Text

from components.evaluation.checks import (
    ACCURACY,
    CROSS_ENTROPY,
    OVERALL,
    Check,
    worth_telling,
)
from components.versioned_directory.exports import ExportRecord
from runners.metadata.states import NodeState

STATE_STYLES: Mapping[str, str] = {
    NodeState.WAITING: "dim",
    NodeState.RUNNING: "cyan",
    NodeState.COMPLETE: "green",
    NodeState.CACHED: "blue",
    NodeState.FAILED: "bold red",
    NodeState.INTERRUPTED: "bold yellow",
}


def make_exports_table(exports: Iterable[ExportRecord]) -> RenderableType:
    """Returns what was measured of a model in other formats, a line for each."""
    table = Table(title="Exports", title_justify="left", box=None, padding=(0, 2))
    table.add_column("format")
    for column in ("size", "agreement", "largest difference", "one image"):
        table.add_column(column, justify="right")
    for export in exports:
        table.add_row(
            export.format,
            f"{export.num_bytes / 1e6:.2f} MB",
            f"{export.agreement:.4f}",
            f"{export.max_difference:.1g}",
            f"{export.latency_ms:.2f} ms",
        )
    return table


def make_nodes_table(nodes: Iterable[tuple[str, str, float | None]]) -> RenderableType:
    """Returns a line for each node: its id, how it stands, and its seconds if it was reached."""
    table = Table(title="Nodes", title_justify="left", box=None, padding=(0, 2))
    table.add_column("node")
    table.add_column("state")
    table.add_column("time", justify="right")
    for name, state, seconds in nodes:
        style = STATE_STYLES.get(state, "")
        time = "" if seconds is None else f"{seconds:.1f} s"
        table.add_row(name, Text(state, style=style), time)
    return table


def make_checks_table(
    checks: Sequence[Check], metrics: Mapping[str, float], class_names: Sequence[str] = ()
) -> RenderableType:
    """Returns a line for each bound and what was held against it, and for metrics without bounds.

    Args:
      checks: The bounds.
      metrics: All that was measured over all rows, by name.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    table = Table(title="Thresholds", title_justify="left", box=None, padding=(0, 2))
    for column in ("metric", "slice"):
        table.add_column(column)
    for column in ("value", "expected", "rows", ""):
        table.add_column(column, justify="right")
    for check in worth_telling(checks, class_names):
        table.add_row(
            check.metric,
            check.slice,
            check.received,
            check.expected,
            "" if check.rows is None else f"{check.rows:,}",
            Text(check.verdict, style="green" if check.passed else "bold red"),
        )
    told = {ACCURACY, CROSS_ENTROPY, *(check.metric for check in checks)}
    for name, value in metrics.items():
        if name not in told:
            table.add_row(name, OVERALL, f"{value:.4f}")
    return table
