"""Runs nodes of a compiled pipeline; the one way in which every orchestrator runs them.

`python -m runners.node --ir FILE --node ID --run-id ID [--params JSON] [--mlmd URL]`; `--help` has
the rest, at once (no TensorFlow).
"""

import json
import logging
import os
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from absl import logging as absl_logging

from components.without_collections import without_collections
from runners.failure import cause_of
from runners.interrupts import interruptible
from runners.loopback import spare_loopback_the_proxy
from runners.metadata.url import MLMD_HELP
from runners.orchestration.exit_codes import FAILED, SKIPPED, SUCCEEDED

_TOLD = ("components", "modules", "runners")

logger = logging.getLogger("runners.node")


@dataclass(frozen=True, kw_only=True)
class _Order:
    """The options of the command."""

    ir_path: str
    ir_digest: str | None
    node_ids: tuple[str, ...]
    run_id: str
    params: str
    param_pairs: tuple[tuple[str, str], ...]
    mlmd: str | None
    report: str | None
    skipped_exit_code: int

    @property
    def parameters(self) -> dict[str, Any]:
        """The values of runtime parameters by name."""
        return {**_read_params(self.params), **dict(self.param_pairs)}


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--ir", "ir_path", required=True, metavar="FILE", help="The IR; its graph file is beside it."
)
@click.option(
    "--ir-digest",
    metavar="DIGITS",
    help="What compile calls both files; others are refused.",
)
@click.option(
    "--node",
    "node_ids",
    required=True,
    multiple=True,
    metavar="ID",
    help="Which node to run; given again, the next one in the same process.",
)
@click.option("--run-id", required=True, metavar="ID", help="The run's id at the orchestrator.")
@click.option(
    "--params",
    default="{}",
    metavar="JSON",
    help='Runtime parameters by name, as {"training.epochs": 3}.',
)
@click.option(
    "--param",
    "param_pairs",
    type=(str, str),
    multiple=True,
    metavar="NAME VALUE",
    help="One runtime parameter; may be given again.",
)
@click.option("--mlmd", metavar="URL_OR_FILE", help=MLMD_HELP)
@click.option(
    "--report",
    metavar="FILE",
    help="Markdown file to write: how each node ended, and what it found.",
)
@click.option(
    "--skipped-exit-code",
    type=int,
    default=SKIPPED,
    show_default=True,
    metavar="NUMBER",
    help="For orchestrators that would call a skipped step failed: 0.",
)
def main(**options: Any) -> None:
    """Run one node of a pipeline, or several in order, as TFX does it.

    Exit code: 0 complete or found in the cache, 99 a node was skipped, 1 failed; the last lines
    say why.
    """
    order = _Order(**options)
    spare_loopback_the_proxy()
    _set_up_log()
    try:
        exit_code = _run(order)
    except Exception as error:
        logger.exception("The node could not start")
        exit_code = FAILED
        click.echo(f"{', '.join(order.node_ids)} failed: {cause_of(error)}")
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of Beam or TensorFlow may still wait for what will not come.
    os._exit(order.skipped_exit_code if exit_code == SKIPPED else exit_code)


def _run(order: _Order) -> int:
    with without_collections():  # TensorFlow comes with these
        from runners.metadata.connection import read_connection  # noqa: PLC0415
        from runners.node.launch import launch_node  # noqa: PLC0415
        from runners.node.progress import telling_progress  # noqa: PLC0415
        from runners.node.report import render_node, write_report  # noqa: PLC0415
        from runners.orchestration.compiled import read_compiled  # noqa: PLC0415
        from runners.orchestration.parameters import with_parameters  # noqa: PLC0415

    compiled = read_compiled(order.ir_path)
    if order.ir_digest is not None:
        compiled.check_digest(order.ir_digest)
    config = with_parameters(compiled.config, order.parameters)
    ir = compiled.make_run(order.run_id, order.parameters)
    connection = read_connection(order.mlmd, os.environ, default_path=config.metadata_path)
    exit_codes: list[int] = []
    report: list[str] = []
    with interruptible() as interruption:
        for node_id in order.node_ids:
            logger.info("%s: running, in run %s", node_id, order.run_id)
            with telling_progress(node_id):
                end = launch_node(ir, node_id, config, connection, compiled.digest, interruption)
            if order.report:
                report.append(render_node(end, config.data.class_names))
            sys.stderr.flush()
            click.echo(end.message)
            exit_codes.append(end.exit_code)
            if end.exit_code == FAILED:
                break
        if order.report:
            write_report(Path(order.report), report)
    # What was not worth its while is what a person wants to see of nodes that share a task.
    return next((code for code in (FAILED, SKIPPED) if code in exit_codes), SUCCEEDED)


def _set_up_log() -> None:
    """Keeps the log of a task to what somebody may want to read there."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
    for handler in logging.getLogger().handlers:
        # Progress is told at DEBUG, for the line that says again and again how far a node is.
        handler.setLevel(logging.INFO)
    for name in _TOLD:
        logging.getLogger(name).setLevel(logging.INFO)
    # TFX's warnings are about its own doings, several in each node.
    absl_logging.set_verbosity(absl_logging.ERROR)
    # Python shows those that it attributes to __main__, which is this module; TFX has some.
    warnings.simplefilter("ignore", DeprecationWarning)


def _read_params(text: str) -> dict[str, Any]:
    try:
        params = json.loads(text)
    except json.JSONDecodeError as error:
        raise ValueError(f"--params: expected JSON, received {text!r}: {error}") from error
    if not isinstance(params, dict):
        raise TypeError(f"--params: expected a JSON object, received {text!r}")
    return params


if __name__ == "__main__":
    main()
