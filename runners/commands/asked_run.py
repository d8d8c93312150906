"""Finds the run that a command is asked for, by its own id or by what it pushed."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipeline.config import PipelineConfig
from runners.commands.serving_directory import find_version

if TYPE_CHECKING:
    from ml_metadata import MetadataStore

_SHOWN_RUNS = 5


def find_run(
    run_or_version: str | None, store: "MetadataStore", where: str, config: PipelineConfig
) -> str:
    """Returns the id of the run that is asked for.

    Args:
      run_or_version: A run's id, a version's number or the path of its folder; None for the last
        run.
      store: Metadata.
      where: What the store is called.
      config: The pipeline.

    Raises:
      click.ClickException: There is none.
    """
    from runners.metadata.records import list_runs  # noqa: PLC0415 - ML Metadata comes with it

    runs = [run.name for run in list_runs(store, config.pipeline_name)]
    asked = run_or_version or (runs[0] if runs else "")
    if asked in runs:
        return asked
    if asked.isdecimal() or "://" in asked or Path(asked).exists():
        version = find_version(asked, config)
        run_id = version.record.origin.run_id if version.record else ""
        if run_id in runs:
            return run_id
        raise click.ClickException(
            f"{version.path}: expected a version of a run in {where}, received one of "
            f"{run_id or 'no recorded run'}. Name the metadata of its pipeline with --mlmd."
        )
    raise click.ClickException(
        f"{where}: expected a run of {config.pipeline_name}, or a version, received "
        f"{asked or 'none'}. There are: {', '.join(runs[:_SHOWN_RUNS]) or 'no runs'}."
    )


def tell_no_run(where: str, config: PipelineConfig) -> str:
    """Returns what to say of metadata without a run; the arguments are as those of `find_run`."""
    return f"{where}: no run of {config.pipeline_name} yet (tfx-mnist run)."
