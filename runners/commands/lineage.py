"""`tfx-mnist runs` and `tfx-mnist lineage`: what ML Metadata remembers."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text
from rich.tree import Tree

from components.versioned_directory.model_files import RECORD_PATH
from components.versioned_directory.versions import Version, parse_number
from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.models import read_versions, serving_directory
from runners.metadata.history import RunSummary, read_history
from runners.metadata.lineage import Ancestor, LineageError, read_lineage

_WIDEST_LINE = 4000
_END_STYLES = {
    "pushed": "green",
    "unchanged": "green",
    "not pushed": "yellow",
    "failed": "bold red",
}


@click.command()
@configuration_options
@mlmd_option
@click.option(
    "--last",
    default=20,
    show_default=True,
    type=click.IntRange(min=1),
    metavar="N",
    help="How many.",
)
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
def runs(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    last: int,
    *,
    as_json: bool,
) -> None:
    """List the pipeline's runs and how each ended, newest first."""
    config = read_configuration(config_file, preset, overrides)
    store, where = open_metadata(mlmd_url, config)
    history = read_history(store, config.pipeline_name, last)
    if as_json:
        click.echo(json.dumps([asdict(run) for run in history], indent=2))
    elif history:
        Console().print(_render_runs(history, config, where))
    else:
        click.echo(f"{where}: no run of {config.pipeline_name} yet (tfx-mnist run).")


@click.command()
@click.argument("model")
@configuration_options
@mlmd_option
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
def lineage(
    model: str,
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
    *,
    as_json: bool,
) -> None:
    """Show what a pushed MODEL was made from, down to the data files and their SHA-256.

    MODEL is a version's number in the serving directory, or the path of its folder.
    """
    config = read_configuration(config_file, preset, overrides)
    version = _find_version(model, config)
    store, _ = open_metadata(mlmd_url, config)
    try:
        ancestors = read_lineage(store, version)
    except LineageError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([asdict(ancestor) for ancestor in ancestors], indent=2))
    else:
        # A line that is cut would be no line for sha256sum --check.
        Console(width=_WIDEST_LINE).print(_render_lineage(version, ancestors))


def _find_version(model: str, config: PipelineConfig) -> Version:
    if "://" in model:
        raise click.UsageError(
            f"{model}: expected a version on this machine, received a remote one. Its own record, "
            f"{model.rstrip('/')}/{RECORD_PATH}, names run, model and data files."
        )
    path = Path(model).absolute()
    if "/" in model:
        directory, number = path.parent, parse_number(path.name)
    else:
        directory, number = serving_directory(config), parse_number(model)
    versions = read_versions(directory)
    for version in versions:
        if version.number == number:
            return version
    raise click.ClickException(
        f"{directory}: expected a version's number or path, received {model!r}. There are: "
        f"{', '.join(str(version.number) for version in versions) or 'none'}."
    )


def _render_runs(history: Sequence[RunSummary], config: PipelineConfig, where: str) -> Table:
    table = Table(
        title=f"Runs of {config.pipeline_name} in {where}",
        title_justify="left",
        caption=f"What each run logged: {config.pipeline_root}/logs",
        caption_justify="left",
        box=None,
        padding=(0, 2, 0, 0),
    )
    table.add_column("run", no_wrap=True)
    table.add_column("time", justify="right", no_wrap=True)
    table.add_column("nodes", no_wrap=True)
    table.add_column("end", overflow="fold")
    for run in history:
        table.add_row(
            run.run_id,
            f"{run.seconds:.1f} s",
            f"{run.nodes}, {run.cached} cached",
            Text(_end_of(run), style=_END_STYLES.get(run.end, "")),
        )
    return table


def _end_of(run: RunSummary) -> str:
    match run.end:
        case "pushed":
            return f"version {run.version} pushed"
        case "unchanged":
            return f"version {run.version} unchanged"
        case "failed":
            return f"failed in {run.node_id}{f': {run.cause}' if run.cause else ''}"
        case "stopped":
            return f"stopped in {run.node_id}, or still running"
        case "ended early":
            return f"ended after {run.node_id}"
        case _:
            return run.end


def _render_lineage(version: Version, ancestors: Sequence[Ancestor]) -> Tree:
    title = f"version {version.number}  {version.path}"
    if version.first_number != version.number:
        title += f"  (the model of {version.first_number})"
    tree = Tree(Text(title, style="bold"))
    for ancestor in ancestors:
        _add(tree, ancestor)
    return tree


def _add(tree: Tree, ancestor: Ancestor) -> None:
    label = Text(f"{ancestor.key} {ancestor.artifact_id}", style="cyan")
    if ancestor.is_repeated:
        tree.add(label.append("  see above", style="dim"))
        return
    label.append(f"  {ancestor.node_id} in run {ancestor.run_id}", style="default")
    for name, digest in ancestor.digests.items():
        label.append(f"  {name.replace('_', ' ')} {digest}", style="default")
    label.append(f"\n{ancestor.uri}", style="dim")
    branch = tree.add(label)
    for name, digest in ancestor.files.items():
        branch.add(Text(f"{digest}  {ancestor.source_folder}/{name}"))
    for inner in ancestor.inputs:
        _add(branch, inner)
