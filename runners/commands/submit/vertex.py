"""`tfx-mnist submit vertex`: start a compiled pipeline on Vertex AI."""

import json
import re
from typing import TYPE_CHECKING, Any

import click

from runners.commands.kfp_requirement import require_kfp
from runners.commands.submit.options import (
    EXISTING_FILE,
    parameter_option,
    refuse_example_values,
    schedule_option,
)

if TYPE_CHECKING:
    from google.auth.exceptions import GoogleAuthError
    from google.cloud.aiplatform_v1 import PipelineJob

    from runners.vertex.client import Location

_REGION = re.compile(r"[a-z]+-[a-z]+\d+")


def _check_region(_: click.Context, __: click.Parameter, value: str) -> str:
    if not _REGION.fullmatch(value):
        raise click.BadParameter(f"expected a region such as europe-west4, received {value!r}")
    return value


@click.command(short_help="On Vertex AI, once or by a schedule.")
@click.argument("pipeline", metavar="FILE.json", type=EXISTING_FILE)
@click.option("--project", required=True, metavar="ID", help="Of the Google Cloud project.")
@click.option("--region", required=True, metavar="NAME", callback=_check_region, help="To run in.")
@click.option("--pipeline-root", metavar="gs://...", help="Instead of the one in the file.")
@schedule_option
@parameter_option
@click.option("--service-account", metavar="EMAIL", help="That the steps run as.")
@click.option("--network", metavar="NAME", help="Full name of the network to peer the steps with.")
@click.option("--no-cache", is_flag=True, help="Run every step, whatever the file says.")
@click.option(
    "--endpoint",
    metavar="URL",
    help="Of Vertex AI's API, if not the region's public one: Private Service Connect.",
)
def vertex(**options: Any) -> None:
    """Start what `tfx-mnist compile vertex` wrote: one run, or runs by a schedule."""
    require_kfp()
    from runners.vertex.client import Location, Submission  # noqa: PLC0415 - slow, and with kfp

    region = options["region"]
    location = Location(
        project=options["project"],
        region=region,
        endpoint=options["endpoint"] or f"https://{region}-aiplatform.googleapis.com",
    )
    submission = Submission(
        path=options["pipeline"],
        pipeline_root=options["pipeline_root"],
        assignments=options["assignments"],
        service_account=options["service_account"],
        network=options["network"],
        no_cache=options["no_cache"],
    )
    try:
        job = submission.read_job()
        content = json.loads(submission.path.read_text("utf-8"))
        given = (location.project, submission.pipeline_root, *submission.assignments)
        refuse_example_values(submission.path, [content, *given])
    except ValueError as error:
        raise click.UsageError(str(error)) from error
    except OSError as error:
        raise click.ClickException(
            f"{submission.path}: cannot be read: {error.strerror}"
        ) from error
    click.echo(_send(location, job, options["schedule"]))


def _send(location: "Location", job: "PipelineJob", cron: str | None) -> str:
    """Returns what was started, and where to watch it.

    Raises:
      click.ClickException: There are no credentials, or Vertex AI cannot be reached, or refuses.
    """
    from google.api_core.exceptions import GoogleAPICallError  # noqa: PLC0415
    from google.auth.exceptions import GoogleAuthError  # noqa: PLC0415
    from requests import RequestException  # noqa: PLC0415

    from runners.vertex.client import schedule_runs, start_run  # noqa: PLC0415

    try:
        name = schedule_runs(location, job, cron) if cron else start_run(location, job)
    except GoogleAuthError as error:
        raise _refusal(error, _describe_credentials(error)) from error
    except GoogleAPICallError as error:
        # In front of the reason the client puts POST, the URL and a colon.
        reason = " ".join(error.message.partition(": ")[2].split())
        refused = f"refused with {error.code} {type(error).__name__}: {reason}"
        raise _refusal(error, f"{location.endpoint}: {refused}") from error
    except RequestException as error:
        doubt = "the proxy right (HTTPS_PROXY)" if _is_proxys(error) else "there such a region"
        unreachable = f"Vertex AI's API cannot be reached ({error}). Is {doubt}?"
        raise _refusal(error, f"{location.endpoint}: {unreachable}") from error
    except OSError as error:  # of a file that the environment names
        raise _refusal(
            error,
            f"{location.endpoint}: Vertex AI's API cannot be asked: {error}. Do "
            "GOOGLE_APPLICATION_CREDENTIALS and REQUESTS_CA_BUNDLE, if set, name files that are "
            "there?",
        ) from error
    what = f"schedule {name}: {cron}" if cron else f"run {name}"
    return f"{what}\n{location.console_page(name)}"


def _is_proxys(error: Exception) -> bool:
    from requests.exceptions import InvalidProxyURL, ProxyError  # noqa: PLC0415

    return isinstance(error, InvalidProxyURL | ProxyError)


def _describe_credentials(error: "GoogleAuthError") -> str:
    from google.auth.exceptions import DefaultCredentialsError  # noqa: PLC0415

    if not isinstance(error, DefaultCredentialsError):
        return f"the credentials for Google Cloud gave no access: {error.args[0]}"
    return (
        f"no credentials for Google Cloud: {error} Run gcloud auth application-default login, or "
        "set GOOGLE_APPLICATION_CREDENTIALS to the key file of a service account."
    )


def _refusal(error: Exception, message: str) -> click.ClickException:
    """Returns the message with what was noted on the error on its way."""
    return click.ClickException(" ".join([message, *getattr(error, "__notes__", ())]))
