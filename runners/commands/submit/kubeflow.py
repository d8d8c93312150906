"""`tfx-mnist submit kubeflow`: start a compiled pipeline on Kubeflow Pipelines."""

import json
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import yaml

from runners.commands.kfp_requirement import require_kfp
from runners.commands.submit.options import (
    EXISTING_FILE,
    parameter_option,
    read_compiled,
    refuse_example_values,
    schedule_option,
)
from runners.pipeline_spec.parameters import read_parameters
from serving.bearer_token import TokenError, read_token

if TYPE_CHECKING:
    from runners.kubeflow.client import Submission

_NO_ACCESS = (401, 403)
_ACCESS = (
    "\nGive a token that Kubeflow knows with --token-file, and the namespace that it is for with "
    "--namespace."
)


@click.command(short_help="On Kubeflow Pipelines, once or by a schedule.")
@click.argument("pipeline", metavar="FILE.yaml", type=EXISTING_FILE)
@click.option("--host", required=True, metavar="URL", help="Of Kubeflow's API.")
@schedule_option
@parameter_option
@click.option(
    "--experiment",
    default="tfx-mnist",
    show_default=True,
    metavar="NAME",
    help="That the runs belong to; made if there is none.",
)
@click.option("--namespace", metavar="NAME", help="Of the experiment, where each user has one.")
@click.option("--service-account", metavar="NAME", help="That the steps run as.")
@click.option(
    "--token-file",
    type=EXISTING_FILE,
    metavar="FILE",
    help="Bearer token, where Kubeflow wants one.",
)
def kubeflow(**options: Any) -> None:
    """Start what `tfx-mnist compile kubeflow` wrote: one run, or runs by a schedule."""
    require_kfp()
    from runners.kubeflow.client import Submission, read_spec  # noqa: PLC0415 - with kfp
    from runners.pipeline_spec.lint import check_kubeflow  # noqa: PLC0415

    path: Path = options["pipeline"]
    try:
        text = read_compiled(path)
        check_kubeflow(text)
        given = [*yaml.safe_load_all(text), _read_graph(path), *options["assignments"]]
        refuse_example_values(path, given)
        submission = Submission(
            path=path,
            experiment=options["experiment"],
            namespace=options["namespace"],
            parameters=read_parameters(read_spec(path), options["assignments"]),
            service_account=options["service_account"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(_send(options["host"], submission, options["schedule"], options["token_file"]))


def _read_graph(path: Path) -> Any:
    """Returns the graph file that compile wrote beside the YAML, None if it is elsewhere."""
    graph = path.with_suffix(".graph.json")
    return json.loads(read_compiled(graph)) if graph.is_file() else None


def _read_token(token_file: Path | None) -> str | None:
    try:
        return read_token(token_file) if token_file else None
    except TokenError as error:
        raise click.UsageError(f"--token-file: {error}") from error


def _send(host: str, submission: "Submission", cron: str | None, token_file: Path | None) -> str:
    """Returns what was started, in words.

    Raises:
      click.ClickException: Kubeflow cannot be reached, or refuses.
    """
    from kfp_server_api import ApiException  # type: ignore[import-untyped]  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    from runners.kubeflow.client import OneTryClient, schedule_runs, start_run  # noqa: PLC0415

    token = _read_token(token_file)
    try:
        with warnings.catch_warnings():
            # It warns of servers older than 2.0, whatever the server is.
            warnings.simplefilter("ignore", FutureWarning)
            client = OneTryClient(host=host, existing_token=token)
        if cron:
            return f"schedule {schedule_runs(client, submission, cron)}: {cron}"
        return f"run {start_run(client, submission)}"
    except HTTPError as error:
        raise click.ClickException(
            f"{host}: Kubeflow's API cannot be reached ({error}). Is this the address of its user "
            "interface? From outside of the cluster it needs a port-forward or an ingress."
        ) from error
    except ApiException as error:
        advice = _ACCESS if error.status in _NO_ACCESS else ""
        raise click.ClickException(
            f"{host}: refused with {error.status} {error.reason}: {error.body}{advice}"
        ) from error
    except ValueError as error:  # kfp's own: two experiments of the name, and the like
        raise click.ClickException(f"{host}: {error}") from error
