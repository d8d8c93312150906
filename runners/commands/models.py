"""`tfx-mnist models`: the versions in the serving directory."""

import datetime as dt
import json
from collections.abc import Iterator, Sequence
from dataclasses import asdict
from typing import Any

import click
from rich.table import Table
from rich.text import Text

from components.class_names import show_class
from components.evaluation.checks import read_class
from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.versions import Version
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.serving_directory import describe_copy, read_versions, serving_directory
from runners.terminal.console import make_console

_DIGITS_SHOWN = 12
_UNKNOWN = "unknown"


@click.command()
@configuration_options
@click.option("--json", "as_json", is_flag=True, help="Print everything that is known, as JSON.")
def models(
    config_file: str | None, preset: str | None, overrides: tuple[str, ...], *, as_json: bool
) -> None:
    """List the versions in the serving directory, newest first.

    The first one is what a server serves, unless it was told to stay with another.
    """
    directory = serving_directory(read_configuration(config_file, preset, overrides))
    versions = read_versions(directory)
    try:
        described = json.dumps([_describe(version, versions[0]) for version in versions], indent=2)
        table = _render(versions)
    except FileNotFoundError as error:
        raise click.ClickException(
            f"{error.filename}: was removed by a push in this moment. List the versions again."
        ) from error
    if as_json:
        click.echo(described)
    elif versions:
        click.echo(f"Models in {directory}, newest first; times are UTC")
        make_console().print(table)
    else:
        click.echo(f"{directory}: no version was pushed here yet (tfx-mnist run).")


def _describe(version: Version, newest: Version) -> dict[str, Any]:
    """Returns everything that is known of a version; None where there is no record of it."""
    record = version.record
    return {
        "version": version.number,
        "served": version is newest,
        "path": str(version.path),
        "bytes": version.num_bytes,
        "model_digest": version.model_digest,
        "pushed_at": record and record.pushed_at,
        "pushed_by": record and record.pushed_by,
        "copy_of": record and record.copy_of,
        "replaced": record and record.replaced,
        "exports": [asdict(export) for export in record.exports] if record else None,
        **(asdict(record.origin) if record else dict.fromkeys(asdict(PushOrigin()))),
    }


def _render(versions: Sequence[Version]) -> Table:
    table = Table.grid(padding=(0, 2))
    for version in versions:
        style = "green" if version is versions[0] else ""
        served = "\n  served" if version is versions[0] else ""
        table.add_row(
            Text(f"{version.number}{served}", style=style), Text("\n".join(_lines(version)))
        )
    return table


def _lines(version: Version) -> Iterator[str]:
    """Yields when a version was pushed and how good it is, what it comes from, and its history."""
    size = f"{version.num_bytes / 1e6:.1f} MB"
    if version.record is None:
        yield f"pushed by something else, without a record  {size}"
        return
    origin = version.record.origin
    pushed_at = dt.datetime.fromisoformat(version.record.pushed_at)
    metrics = (
        f"{_short_name(key)} {value:.4f}"
        for key, value in sorted(origin.metrics.items())
        if read_class(key) is None  # these would fill the screen
    )
    yield "  ".join([f"{pushed_at:%Y-%m-%d %H:%M:%S}", *metrics, size])
    yield (
        f"run {origin.run_id or _UNKNOWN}  "
        f"data {origin.data_fingerprint[:_DIGITS_SHOWN] or _UNKNOWN}  "
        f"code {origin.code_digest[:_DIGITS_SHOWN] or _UNKNOWN}"
    )
    if origin.class_names:
        ends = [show_class(label, origin.class_names) for label in (0, len(origin.class_names) - 1)]
        yield f"classes {' to '.join(ends)}"
    if version.record.exports:
        sizes = (f"{each.format} {each.num_bytes / 1e6:.2f} MB" for each in version.record.exports)
        yield f"exports {', '.join(sizes)}"
    if version.record.copy_of is not None:
        yield describe_copy(version.record)


def _short_name(metric: str) -> str:
    return metric.removeprefix("sparse_categorical_")
