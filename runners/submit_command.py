"""`tfx-mnist submit`: start a compiled pipeline on a cluster."""

import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from runners.kfp_requirement import require_kfp

if TYPE_CHECKING:
    from runners.kubeflow_client import Submission

_FILE = click.Path(path_type=Path, dir_okay=False, exists=True)


@click.group(name="submit")
def submit() -> None:
    """Start a compiled pipeline on a cluster."""


@submit.command()
@click.argument("pipeline", metavar="FILE.yaml", type=_FILE)
@click.option("--host", required=True, metavar="URL", help="Of Kubeflow's API.")
@click.option("--schedule", metavar="CRON", help="Runs by a schedule, e.g. '0 4 * * *'.")
@click.option(
    "--param",
    "assignments",
    multiple=True,
    metavar="NAME=VALUE",
    help="Parameter of the run, e.g. training.epochs=3; may be given again.",
)
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
    "--token-file", type=_FILE, metavar="FILE", help="Bearer token, where Kubeflow wants one."
)
def kubeflow(**options: Any) -> None:
    """Start what `tfx-mnist compile kubeflow` wrote: one run, or runs by a schedule."""
    require_kfp()
    from runners.kubeflow_client import Submission, read_parameters  # noqa: PLC0415 - with kfp
    from runners.spec_lint import check_kubeflow  # noqa: PLC0415

    path: Path = options["pipeline"]
    try:
        check_kubeflow(path.read_text(encoding="utf-8"))
        submission = Submission(
            path=path,
            experiment=options["experiment"],
            namespace=options["namespace"],
            parameters=read_parameters(path, _split(options["assignments"])),
            service_account=options["service_account"],
        )
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    click.echo(_send(options["host"], submission, options["schedule"], options["token_file"]))


def _split(assignments: tuple[str, ...]) -> dict[str, str]:
    pairs = [assignment.partition("=") for assignment in assignments]
    for name, separator, _ in pairs:
        if not separator:
            raise ValueError(f"--param: expected NAME=VALUE, received {name!r}")
    return {name: value for name, _, value in pairs}


def _send(host: str, submission: "Submission", cron: str | None, token_file: Path | None) -> str:
    """Returns what was started, in words.

    Raises:
      click.ClickException: Kubeflow cannot be reached, or refuses.
    """
    from kfp import Client  # noqa: PLC0415 - not on every Python
    from kfp_server_api import ApiException  # type: ignore[import-untyped]  # noqa: PLC0415
    from urllib3.exceptions import HTTPError  # noqa: PLC0415

    from runners.kubeflow_client import schedule_runs, start_run  # noqa: PLC0415

    token = token_file.read_text(encoding="utf-8").strip() if token_file else None
    try:
        with warnings.catch_warnings():
            # It warns of servers older than 2.0, whatever the server is.
            warnings.simplefilter("ignore", FutureWarning)
            client = Client(host=host, existing_token=token)
        if cron:
            return f"schedule {schedule_runs(client, submission, cron)}: {cron}"
        return f"run {start_run(client, submission)}"
    except HTTPError as error:
        raise click.ClickException(
            f"{host}: Kubeflow's API cannot be reached ({error}). Is this the address of its user "
            "interface? From outside of the cluster it needs a port-forward or an ingress."
        ) from error
    except ApiException as error:
        raise click.ClickException(
            f"{host}: refused with {error.status} {error.reason}: {error.body}"
        ) from error
