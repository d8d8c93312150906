"""Runs nodes of a compiled pipeline; the one way in which every orchestrator runs them.

`python -m runners.node --ir FILE --node ID --run-id ID [--params JSON] [--mlmd URL]`
"""

import json
import logging
import os
import signal
import sys
import warnings
from collections.abc import Sequence
from types import FrameType
from typing import Any

import click
from absl import logging as absl_logging

from runners.failure import cause_of

# Also in runners.node_launch, which is not imported before the arguments are known to be good.
_FAILED = 1
_TOLD = ("components", "modules", "runners")

logger = logging.getLogger("runners.node")


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--ir", "ir_path", required=True, metavar="FILE", help="The IR; its graph file is beside it."
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
    "--mlmd",
    metavar="URL_OR_FILE",
    help="URL of ML Metadata without a password, or the path of a file that holds the URL. "
    "Default: the environment variable MLMD_URL, else the SQLite file of the configuration. "
    "The password comes from MLMD_PASSWORD or the file that MLMD_PASSWORD_FILE names.",
)
def main(
    ir_path: str, node_ids: tuple[str, ...], run_id: str, params: str, mlmd: str | None
) -> None:
    """Run one node of a pipeline, or several in order, as TFX does it.

    Exit code: 0 complete or found in the cache, 99 the (last) node was skipped, 1 failed; the last
    lines say why.
    """
    _set_up_log()
    try:
        exit_code = _run(ir_path, node_ids, run_id, _read_params(params), mlmd)
    except Exception as error:
        logger.exception("The node could not start")
        exit_code = _FAILED
        click.echo(f"{', '.join(node_ids)} failed: {cause_of(error)}")
    sys.stdout.flush()
    sys.stderr.flush()
    # Threads of Beam or TensorFlow may still wait for what will not come.
    os._exit(exit_code)


def _run(
    ir_path: str, node_ids: Sequence[str], run_id: str, params: dict[str, Any], mlmd: str | None
) -> int:
    # TensorFlow comes with these.
    from runners.ir import read_compiled  # noqa: PLC0415
    from runners.mlmd_connection import read_connection  # noqa: PLC0415
    from runners.node_launch import FAILED, launch_node  # noqa: PLC0415
    from runners.runtime_parameters import with_parameters  # noqa: PLC0415

    compiled = read_compiled(ir_path)
    config = with_parameters(compiled.config, params)
    ir = compiled.make_run(run_id, params)
    connection = read_connection(mlmd, os.environ, default_path=config.metadata_path)
    signal.signal(signal.SIGTERM, _stop)
    exit_code = 0
    for node_id in node_ids:
        logger.info("%s: running, in run %s", node_id, run_id)
        end = launch_node(ir, node_id, config, connection)
        sys.stderr.flush()
        click.echo(end.message)
        exit_code = end.exit_code
        if exit_code == FAILED:
            break
    return exit_code


def _stop(signal_number: int, frame: FrameType | None) -> None:  # noqa: ARG001 - signal's own
    """Ends a node as cleanly as Ctrl-C does, when an orchestrator stops its task."""
    # A second one, to the whole process group, must not interrupt the tidying up.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise KeyboardInterrupt


def _set_up_log() -> None:
    """Keeps the log of a task to what somebody may want to read there."""
    logging.basicConfig(
        level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s"
    )
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
