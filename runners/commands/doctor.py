"""`tfx-mnist doctor`: looks at the environment and says what to do about each finding."""

import dataclasses
import json
from pathlib import Path

import click
from rich.table import Table
from rich.text import Text

from components.model_exporter.formats import ExportFormat
from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.doctor.environment import (
    check_glibc,
    check_python,
    check_tensorboard,
    check_versions,
)
from runners.doctor.finding import Finding, Severity
from runners.doctor.inputs import check_contract, check_data
from runners.doctor.machine import (
    check_disk,
    check_gpus,
    check_writable,
    look_at_shared_memory,
)
from runners.doctor.node import check_node
from runners.terminal.console import make_console

_REQUIREMENTS = Path(__file__).parents[2] / "requirements"
_LOCK_FILE = _REQUIREMENTS / "pipeline.txt"
_NODE_LOCK_FILE = _REQUIREMENTS / "node" / "package-lock.json"
_STYLES = {Severity.OK: "green", Severity.NOTE: "yellow", Severity.FIX: "bold red"}


@click.command()
@configuration_options
@click.option("--gpu", is_flag=True, help="Ask TensorFlow for its GPUs even if none is seen.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")
def doctor(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    gpu: bool,  # noqa: FBT001 - click hands it over by name
    as_json: bool,  # noqa: FBT001 - click hands it over by name
) -> None:
    """Check this machine and the environment; say what to do about each finding.

    Exit code: 0 all is well, 1 something must be repaired before a run.
    """
    findings = _examine(read_configuration(config_file, preset, overrides), ask_tensorflow=gpu)
    must_fix = any(finding.severity is Severity.FIX for finding in findings)
    if as_json:
        click.echo(json.dumps([dataclasses.asdict(finding) for finding in findings], indent=2))
    else:
        _print_table(findings)
    raise SystemExit(int(must_fix))


def _examine(config: PipelineConfig, *, ask_tensorflow: bool) -> list[Finding]:
    """Makes every check that concerns a run with this configuration.

    Args:
      config: Says where artifacts go, where the data are and what the model is exported to.
      ask_tensorflow: Whether to ask TensorFlow for GPUs even where none is seen.
    """
    folders = [
        config.pipeline_root,
        config.metadata_path.rpartition("/")[0],
        config.serving_model_dir,
    ]
    return [
        check_python(),
        check_glibc(),
        check_versions(_LOCK_FILE),
        check_tensorboard(),
        check_gpus(ask_tensorflow=ask_tensorflow, hidden=config.training.hide_gpus),
        check_node(_NODE_LOCK_FILE, is_needed=ExportFormat.TFJS in config.exports),
        check_disk(config.pipeline_root),
        look_at_shared_memory(),
        check_writable(list(dict.fromkeys(folders))),
        check_contract(config),
        check_data(config),
    ]


def _print_table(findings: list[Finding]) -> None:
    table = Table(box=None, padding=(0, 2))
    for column in ("checked", "", "found, and what to do"):
        table.add_column(column, overflow="fold")
    for finding in findings:
        state = Text(finding.severity, style=_STYLES[finding.severity])
        text = Text(finding.found)
        if finding.advice:
            text.append(f"\n-> {finding.advice}", style="bold")
        table.add_row(finding.subject, state, text)
    make_console().print(table)
