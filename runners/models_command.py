"""`tfx-mnist models` and `tfx-mnist rollback`: the versions in the serving directory."""

import json
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from components.atomic_pusher.push_record import PushOrigin
from components.atomic_pusher.rollback import roll_back
from components.atomic_pusher.versions import PushError, Version, list_versions
from pipeline.config import PipelineConfig
from runners.configuration import configuration_options, read_configuration

_DIGITS_SHOWN = 12
_UNKNOWN = "-"


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
    if as_json:
        click.echo(json.dumps([_describe(version, versions[0]) for version in versions], indent=2))
    elif versions:
        Console().print(_render(versions, directory))
    else:
        click.echo(f"{directory}: no version was pushed here yet (tfx-mnist run).")


@click.command()
@click.argument("version", type=int, required=False)
@configuration_options
def rollback(
    version: int | None, config_file: str | None, preset: str | None, overrides: tuple[str, ...]
) -> None:
    """Serve an older model: VERSION, or else the one before the served one.

    The model is published again under a new, highest number, in one step and without taking
    space; nothing is removed, and the next push wins over it. A second rollback without VERSION
    goes further back; to take one back, name the version that it replaced.
    """
    directory = serving_directory(read_configuration(config_file, preset, overrides))
    try:
        served = roll_back(directory, version, now=time.time())
    except PushError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"serving version {served.number}: {_history(served)} ({served.path})")


def serving_directory(config: PipelineConfig) -> Path:
    """Returns the configured serving directory.

    Raises:
      click.ClickException: It is remote.
    """
    if "://" in config.serving_model_dir:
        raise click.ClickException(
            f"{config.serving_model_dir}: expected a serving_model_dir on a filesystem of this "
            "machine, received a remote one. List it with the tools of its store, and let servers "
            "there choose a version by their model_version_policy."
        )
    return Path(config.serving_model_dir)


def read_versions(directory: Path) -> list[Version]:
    """Returns the versions in the serving directory, newest first.

    Raises:
      click.ClickException: It cannot be read.
    """
    try:
        return list_versions(directory)[::-1]
    except OSError as error:
        raise click.ClickException(
            f"{directory}: cannot be read: {error.strerror}. Set serving_model_dir to the "
            "directory that the pipeline pushes to."
        ) from error


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
        **(asdict(record.origin) if record else dict.fromkeys(asdict(PushOrigin()))),
    }


def _render(versions: Sequence[Version], directory: Path) -> Table:
    metrics = sorted(
        {name for version in versions if version.record for name in version.record.origin.metrics}
    )
    table = Table(
        title=f"Models in {directory}", title_justify="left", box=None, padding=(0, 2, 0, 0)
    )
    for column in ("version", "pushed", *map(_short_name, metrics)):
        table.add_column(column, no_wrap=True)
    for column in ("run", "data", "code", "model", "size", "note"):
        table.add_column(column, overflow="fold")
    for version in versions:
        table.add_row(*_row(version, metrics, is_served=version is versions[0]))
    return table


def _row(version: Version, metrics: Sequence[str], *, is_served: bool) -> list[Text]:
    record = version.record
    origin = record.origin if record else PushOrigin()
    cells = [
        str(version.number),
        record.pushed_at if record else _UNKNOWN,
        *(
            f"{origin.metrics[name]:.4f}" if name in origin.metrics else _UNKNOWN
            for name in metrics
        ),
        origin.run_id or _UNKNOWN,
        origin.data_fingerprint[:_DIGITS_SHOWN] or _UNKNOWN,
        origin.code_digest[:_DIGITS_SHOWN] or _UNKNOWN,
        version.model_digest[:_DIGITS_SHOWN],
        f"{version.num_bytes / 1e6:.1f} MB",
        ", ".join(filter(None, ("served" if is_served else "", _history(version, short=True)))),
    ]
    return [Text(cell, style="green" if is_served else "") for cell in cells]


def _history(version: Version, *, short: bool = False) -> str:
    """Says how a version came about."""
    record = version.record
    if record is None:
        return "no record"
    if record.copy_of is None:
        return "" if short else f"as it was pushed at {record.pushed_at}"
    return f"the model of {record.copy_of}, rolled back from {record.replaced}"


def _short_name(metric: str) -> str:
    return metric.removeprefix("sparse_categorical_")
