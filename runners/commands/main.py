"""The `tfx-mnist` command; its sub-commands are imported when they are called."""

import errno
import importlib
import os
import sys
from typing import Any, TextIO

import click

from runners.loopback import spare_loopback_the_proxy

_COMMANDS = {
    "run": ("runners.commands.run:run", "Run the whole pipeline on this machine."),
    "tune": ("runners.commands.tune:tune", "Search for hyperparameters."),
    "config": ("runners.commands.config:config", "Show every configuration key and its value."),
    "data": ("runners.commands.data:data", "Check, verify or fetch the data files."),
    "schema": ("runners.commands.schema:schema", "Compare the contract with the data; accept it."),
    "models": ("runners.commands.models:models", "List the versions in the serving directory."),
    "rollback": ("runners.commands.rollback:rollback", "Make an older version the served one."),
    "runs": ("runners.commands.runs:runs", "List the runs and how they ended."),
    "report": ("runners.commands.report:report", "Write one page on a run, to look at."),
    "tensorboard": ("runners.commands.tensorboard:tensorboard", "Open TensorBoard over runs."),
    "lineage": ("runners.commands.lineage:lineage", "Walk from a model back to its data files."),
    "export": ("runners.commands.export:export", "Convert a version to TFLite, ONNX or TF.js."),
    "serve": ("runners.commands.serve:serve", "Serve pushed models over REST and gRPC."),
    "predict": ("runners.commands.predict:predict", "Ask a server about images."),
    "labels": ("runners.commands.labels:labels", "Label versions stable and canary."),
    "compile": (
        "runners.commands.compile.group:compile_group",
        "Compile for Airflow, Kubeflow or Vertex AI.",
    ),
    "submit": ("runners.commands.submit.group:submit", "Start a compiled pipeline on a cluster."),
    "mlmd": ("runners.commands.mlmd:mlmd", "Set up the database of ML Metadata."),
    "doctor": ("runners.commands.doctor:doctor", "Check the environment and say what to do."),
}


_NO_PERMISSION = {errno.EACCES, errno.EPERM, errno.EROFS}
# What standard output says if what it writes to is full or broken.
_OUTPUT_ERRORS = {errno.ENOSPC, errno.EDQUOT, errno.EIO, errno.EFBIG}


def _is_full(stream: TextIO) -> bool:
    """Returns whether a stream takes no more; a line is written to find out."""
    try:
        stream.write("\n")
        stream.flush()
    except OSError:
        return True
    return False


def _tell_no_permission(error: OSError) -> int:
    """Says which file is not for this user; returns the exit code."""
    click.echo(
        f"Error: {os.fsdecode(error.filename)}: expected a place that this user (number "
        f"{os.geteuid()}) may use, received {error.strerror}. Give it the permission, or name "
        "another place.",
        err=True,
    )
    return 1


class _LazyGroup(click.Group):
    """Imports a command's module only when that command is called."""

    def main(self, *args: Any, **kwargs: Any) -> Any:
        """Runs a command; no permission, or a full output, is no reason for a traceback."""
        spare_loopback_the_proxy()
        for stream in (sys.stdout, sys.stderr):
            # A path may hold what the terminal's encoding, or any, has no sign for.
            if stream is not None:  # it is closed
                stream.reconfigure(errors="backslashreplace")  # type: ignore[union-attr]
        try:
            return super().main(*args, **kwargs)
        except OSError as error:
            if error.errno in _NO_PERMISSION and error.filename:
                sys.exit(_tell_no_permission(error))
            if error.errno not in _OUTPUT_ERRORS or not _is_full(sys.stdout):
                raise
            click.echo(f"Error: standard output: {error.strerror}", err=True)
            # What is still to be written is lost; the interpreter would try again at its end.
            os._exit(1)

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(module), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002
        with formatter.section("Commands"):
            formatter.write_dl([(name, text) for name, (_, text) in _COMMANDS.items()])


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tfx-mnist")
def main() -> None:
    """One TFX pipeline for MNIST: from raw data files to a served model."""
