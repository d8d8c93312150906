"""`tfx-mnist run`: the whole pipeline on this machine."""

import getpass
import os
import re

import click

from components.anomaly_gate.acceptance import DATA_PATTERN, make_acceptance
from pipeline.node_ids import (
    ANOMALY_GATE,
    NODE_IDS,
    NODES_ON_REQUEST,
    PREVIOUS_STATISTICS_RESOLVER,
    UPSTREAM,
)
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.local_run import end_at_once, run_here
from runners.local.summary import print_summary


def _check_data_name(
    context: click.Context, option: click.Parameter, value: str | None
) -> str | None:
    if value is not None and not re.fullmatch(DATA_PATTERN, value):
        raise click.BadParameter(
            f"expected the name that the refusal tells, 12 hexadecimal digits; received {value!r}.",
            context,
            option,
        )
    return value


@click.command()
@configuration_options
@click.option(
    "--from",
    "from_node",
    type=click.Choice(NODE_IDS),
    metavar="NODE",
    help="Run NODE anew and what follows it.",
)
@click.option(
    "--only",
    "only_node",
    type=click.Choice(NODE_IDS),
    metavar="NODE",
    help="Run NODE anew and nothing else.",
)
@click.option(
    "--accept-new-data",
    "accepted_data",
    metavar="DATA",
    callback=_check_data_name,
    help="Accept the data that AnomalyGate refused as drift under this name; noted with yours.",
)
@click.option(
    "--recheck",
    is_flag=True,
    help="Ask TFX's cache for each node, even if nothing has changed since the last run.",
)
@click.option("--wait", is_flag=True, help="Wait for another run on the same root to end.")
def run(  # noqa: PLR0913, PLR0917 - click hands over each option
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    from_node: str | None,
    only_node: str | None,
    accepted_data: str | None,
    recheck: bool,  # noqa: FBT001 - click hands it over by name
    wait: bool,  # noqa: FBT001 - likewise
) -> None:
    """Run the pipeline here: from the data files to a pushed model.

    A node whose inputs, settings and code are those of an earlier run takes its output from the
    cache. If nothing at all has changed since the last run, this says so at once.

    Exit code: 0 blessed and pushed, 3 not blessed, 1 failed, 2 bad usage, 130 interrupted.
    """
    if from_node and only_node:
        raise click.UsageError("--from and --only exclude each other")
    acceptance = _accept(accepted_data, from_node, only_node)
    config = read_configuration(config_file, preset, (*overrides, *acceptance))
    node = from_node or only_node
    if node is not None and not config.has_node(node):
        raise click.UsageError(
            f"{node}: expected a node of the pipeline, which has this one only if "
            f"{NODES_ON_REQUEST[node]} asks for it"
        )
    outcome = run_here(
        config,
        from_nodes=_list_first_nodes(from_node, only_node),
        to_nodes=[only_node] if only_node else [],
        recheck=recheck,
        wait=wait,
        tell=print_summary,
    )
    end_at_once(outcome.exit_code)


def _accept(accepted_data: str | None, from_node: str | None, only_node: str | None) -> list[str]:
    """Returns what is set, as by --set, for a run that accepts data."""
    if accepted_data is None:
        return []
    if not _runs_gate(from_node, only_node):
        raise click.UsageError("--accept-new-data: AnomalyGate is no node of this partial run")
    return [f"examples.new_data_accepted_by={make_acceptance(_user_name(), accepted_data)}"]


def _runs_gate(from_node: str | None, only_node: str | None) -> bool:
    """Returns whether AnomalyGate is among the nodes that are to run."""
    if only_node:
        return only_node == ANOMALY_GATE
    return from_node is None or from_node in {ANOMALY_GATE, *_find_ancestors(ANOMALY_GATE)}


def _list_first_nodes(from_node: str | None, only_node: str | None) -> list[str]:
    """Returns the nodes that a partial run begins with; none if all are to run."""
    node = from_node or only_node
    if node is None:
        return []
    if _runs_gate(from_node, only_node) and node != PREVIOUS_STATISTICS_RESOLVER:
        # What the gate compares with may have changed since, by an acceptance.
        return [node, PREVIOUS_STATISTICS_RESOLVER]
    return [node]


def _find_ancestors(node: str) -> set[str]:
    parents = set(UPSTREAM[node])
    return parents.union(*map(_find_ancestors, parents))


def _user_name() -> str:
    """Returns the name of who runs this; the number where it has no name, as in a container."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return str(os.getuid())
