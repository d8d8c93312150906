"""`tfx-mnist lineage`: what a pushed model was made from."""

import json
from collections.abc import Sequence
from dataclasses import asdict
from typing import TYPE_CHECKING

import click
from rich.text import Text
from rich.tree import Tree

from components.versioned_directory.exports import EXPORTS_PATH, ExportRecord
from components.versioned_directory.versions import Version
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.serving_directory import find_version
from runners.terminal.console import make_console

if TYPE_CHECKING:
    from runners.metadata.lineage import Ancestor

_WIDEST_LINE = 4000


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
    version = find_version(model, config)
    # ML Metadata comes with this, and takes its time.
    from runners.metadata.lineage import LineageError, read_lineage  # noqa: PLC0415

    store, _ = open_metadata(mlmd_url, config)
    try:
        ancestors = read_lineage(store, version)
    except LineageError as error:
        raise click.ClickException(str(error)) from error
    if as_json:
        click.echo(json.dumps([asdict(ancestor) for ancestor in ancestors], indent=2))
    else:
        console = make_console()
        # A line that is cut would be no line for sha256sum --check.
        console.width = _WIDEST_LINE
        console.print(_render_lineage(version, ancestors))


def _render_lineage(version: Version, ancestors: Sequence["Ancestor"]) -> Tree:
    title = f"version {version.number}  {version.path}"
    if version.first_number != version.number:
        title += f"  (the model of {version.first_number})"
    tree = Tree(Text(title, style="bold"))
    for ancestor in ancestors:
        _add(tree, ancestor)
    for export in version.record.exports if version.record else ():
        _add_export(tree, version, export)
    return tree


def _add_export(tree: Tree, version: Version, export: ExportRecord) -> None:
    label = Text(f"export {export.format}", style="cyan")
    tools = ", ".join(f"{name} {number}" for name, number in export.tools.items())
    branch = tree.add(label.append(f"  by {tools}", style="default"))
    folder = version.path / EXPORTS_PATH / export.format
    for name, digest in export.files.items():
        branch.add(Text(f"{digest}  {folder / name}"))


def _add(tree: Tree, ancestor: "Ancestor") -> None:
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
