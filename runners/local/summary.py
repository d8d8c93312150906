"""Renders a run's outcome for people."""

from rich.console import Console
from rich.text import Text

from components.class_names import show_class
from runners.local.outcome import FAILED, INTERRUPTED, NOT_BLESSED, RunOutcome
from runners.terminal.tables import make_checks_table, make_exports_table, make_nodes_table


def print_summary(outcome: RunOutcome, console: Console) -> None:
    """Prints each node, the metrics against their thresholds, the verdict and where to look."""
    console.print()
    if outcome.nodes:
        nodes = ((node.node_id, node.state, node.seconds) for node in outcome.nodes)
        console.print(make_nodes_table(nodes))
    if outcome.checks:
        console.print(make_checks_table(outcome.checks, outcome.metrics, outcome.class_names))
    if outcome.unmeasured_classes:
        names = ", ".join(
            show_class(label, outcome.class_names) for label in outcome.unmeasured_classes
        )
        console.print(f"  held to nothing (thresholds.unmeasured_classes): {names}", style="dim")
    if outcome.exports:
        console.print(make_exports_table(outcome.exports))
    if outcome.accepted_drift:
        accepted = outcome.accepted_drift
        said = f"Drift accepted by {accepted.name}, {accepted.time}"
        console.print(said, style="yellow", soft_wrap=True)
        for sentence in accepted.drift:
            console.print(f"  {sentence}", soft_wrap=True)
    console.print()
    for line in _verdict(outcome):
        console.print(line, soft_wrap=True)


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
        rows = "" if outcome.rows is None else f" of {outcome.rows:,} rows"
        accuracy = outcome.metrics.get("accuracy", float("nan"))
        lines += [
            Text(f"BLESSED: accuracy {accuracy:.4f}{rows}, compared with {baseline}", "bold green"),
            Text(f"pushed version {outcome.pushed_version}: {outcome.pushed_to}"),
        ]
        lines += [Text(f"  left out: {reason}", style="yellow") for reason in outcome.unexported]
        if outcome.served_version != outcome.pushed_version:
            served = f"served is version {outcome.served_version}, see tfx-mnist models"
            lines.append(Text(served, style="yellow"))
    if outcome.unchanged_since:
        since = f"nothing has changed since run {outcome.unchanged_since}, and nothing was run"
        lines.append(Text(f"{since}; --recheck asks TFX's cache"))
    lines.append(Text(f"{outcome.seconds:.1f} s in all; log: {outcome.log_file}", style="dim"))
    if outcome.report_file:
        lines.append(Text(f"report: {outcome.report_file}", style="dim"))
    return lines
