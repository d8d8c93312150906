"""Renders a run's outcome for people."""

from collections.abc import Iterable

from rich.console import Console, RenderableType
from rich.table import Table
from rich.text import Text

from components.versioned_directory.exports import ExportRecord
from runners.local.display import STATE_STYLES
from runners.local.outcome import FAILED, INTERRUPTED, NOT_BLESSED, RunOutcome


def print_summary(outcome: RunOutcome, console: Console) -> None:
    """Prints each node, the metrics against their thresholds, the verdict and where to look."""
    console.print()
    if outcome.nodes:
        console.print(_nodes_table(outcome))
    if outcome.checks:
        console.print(_checks_table(outcome))
    if outcome.exports:
        console.print(make_exports_table(outcome.exports))
    console.print()
    for line in _verdict(outcome):
        console.print(line, soft_wrap=True)


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


def _nodes_table(outcome: RunOutcome) -> RenderableType:
    table = Table(title="Nodes", title_justify="left", box=None, padding=(0, 2))
    table.add_column("node")
    table.add_column("state")
    table.add_column("time", justify="right")
    for node in outcome.nodes:
        table.add_row(
            node.node_id,
            Text(node.state, style=STATE_STYLES.get(node.state, "")),
            "" if node.seconds is None else f"{node.seconds:.1f} s",
        )
    return table


def _checks_table(outcome: RunOutcome) -> RenderableType:
    table = Table(title="Test split", title_justify="left", box=None, padding=(0, 2))
    for column in ("metric", "slice"):
        table.add_column(column)
    for column in ("value", "at least", ""):
        table.add_column(column, justify="right")
    for check in outcome.checks:
        table.add_row(
            check.metric,
            check.slice,
            f"{check.value:.4f}",
            f"{check.bound:.4f}",
            Text("ok", style="green") if check.passed else Text("below", style="bold red"),
        )
    return table


def _verdict(outcome: RunOutcome) -> list[Text]:
    lines = []
    if outcome.exit_code == FAILED:
        lines += [
            Text(f"FAILED in {outcome.failed_node or 'the runner'}", style="bold red"),
            Text(outcome.cause),
            *(Text(f"  {refusal}") for refusal in outcome.refusals),
        ]
    elif outcome.exit_code == INTERRUPTED:
        lines += [Text("INTERRUPTED; the same command goes on from here", style="bold yellow")]
    elif outcome.exit_code == NOT_BLESSED:
        lines += [Text("NOT BLESSED, nothing was pushed", style="bold yellow")]
        lines += [Text(f"  {refusal}") for refusal in outcome.refusals]
    elif not outcome.pushed_to:
        lines += [Text("DONE; a partial run that was not to push", style="bold green")]
    else:
        baseline = "the last blessed model" if outcome.has_baseline else "no earlier model yet"
        accuracy = outcome.metrics.get("accuracy", float("nan"))
        lines += [
            Text(f"BLESSED: accuracy {accuracy:.4f}, compared with {baseline}", style="bold green"),
            Text(f"pushed version {outcome.pushed_version}: {outcome.pushed_to}"),
        ]
        lines += [Text(f"  left out: {reason}", style="yellow") for reason in outcome.unexported]
        if outcome.served_version != outcome.pushed_version:
            served = f"served is version {outcome.served_version}, see tfx-mnist models"
            lines.append(Text(served, style="yellow"))
    lines.append(Text(f"{outcome.seconds:.1f} s in all; log: {outcome.log_file}", style="dim"))
    if outcome.report_file:
        lines.append(Text(f"report: {outcome.report_file}", style="dim"))
    return lines
