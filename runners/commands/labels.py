"""`tfx-mnist labels`: which version is stable and which the canary, for TF Serving."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import click
from google.protobuf import text_format
from tensorflow_serving.config import model_server_config_pb2

from components.versioned_directory.labels import labels_path
from components.versioned_directory.versions import Version, parse_number, version_before
from components.whole_file import write_whole_file
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.serving_directory import read_versions, serving_directory

_NEWEST, _PREVIOUS = "newest", "previous"
_HEADER = """\
# Written by `tfx-mnist labels`, which writes it again as a whole.
#
# Every version in the folder is served, so that a label can move to any of them at once: a server
# refuses to move a label that is in use to a version that it has not loaded.
"""


@click.command()
@configuration_options
@click.option("--stable", metavar="VERSION|previous|newest", help="The version to call stable.")
@click.option("--canary", metavar="VERSION|previous|newest", help="The version to call canary.")
@click.option("--model_name", help="What requests call the model. Default: the pipeline's name.")
@click.option(
    "--model_base_path",
    help="Where the server finds the versions. Default: /models/NAME, as in the container.",
)
@click.option(
    "--output",
    type=click.Path(path_type=Path, dir_okay=False),
    default=Path("deploy/tf-serving/models.config"),
    show_default=True,
    help="The file to write: the server's --model_config_file.",
)
def labels(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    **options: str | Path | None,
) -> None:
    """Label versions stable and canary in the file that TF Serving reads its models from.

    A server that polls the file moves the labels without a restart. `previous` is the model that
    was served before the newest. A label that is not named here is taken away. No push removes a
    version that has one.
    """
    wanted = {name: str(options[name]) for name in ("stable", "canary") if options[name]}
    if not wanted:
        raise click.UsageError("name a version with --stable, --canary or both")
    config = read_configuration(config_file, preset, overrides)
    directory = serving_directory(config)
    versions = read_versions(directory)[::-1]
    labelled = {name: _find(choice, versions, directory) for name, choice in wanted.items()}
    model_name = str(options["model_name"] or config.pipeline_name)
    base_path = str(options["model_base_path"] or f"/models/{model_name}")
    if "://" not in base_path and not base_path.startswith("/"):
        raise click.UsageError(f"--model_base_path: expected /... or a URI, received {base_path}")
    output = Path(str(options["output"]))
    # First, so that no push removes what a server is about to be told of.
    _write(json.dumps(labelled) + "\n", labels_path(directory))
    _write(_format_models_config(model_name, base_path, labelled), output)
    for name, number in labelled.items():
        click.echo(f"{name}: version {number}")
    click.echo(f"Wrote {output}")


def _format_models_config(model_name: str, base_path: str, labelled: Mapping[str, int]) -> str:
    """Returns a ModelServerConfig in protobuf's text form: one model, its versions labelled.

    Args:
      model_name: What requests call the model.
      base_path: The folder of its versions as the server sees it, absolute or a URI.
      labelled: Version numbers by label.
    """
    server_config = model_server_config_pb2.ModelServerConfig()
    model = server_config.model_config_list.config.add(
        name=model_name, base_path=base_path, model_platform="tensorflow", version_labels=labelled
    )
    # TF Serving gives out the labels of a changed file before it loads the versions in it. With
    # `specific`, a file that moves a label to a version that is new in it would never be taken.
    model.model_version_policy.all.SetInParent()
    return _HEADER + text_format.MessageToString(server_config)


def _find(choice: str, versions: Sequence[Version], directory: Path) -> int:
    """Returns the number of the version that is chosen.

    Raises:
      click.ClickException: There is no such version.
    """
    if not versions:
        raise click.ClickException(f"{directory}: no version was pushed here yet (tfx-mnist run).")
    if choice == _NEWEST:
        return versions[-1].number
    if choice == _PREVIOUS:
        previous = version_before(versions)
        if previous is None:
            raise click.ClickException(
                f"{directory}: holds no other model that was pushed before version "
                f"{versions[-1].number}. Name a version instead of {_PREVIOUS}."
            )
        return previous.number
    numbers = [version.number for version in versions]
    if parse_number(choice) not in numbers:
        raise click.ClickException(
            f"{directory}: expected {_NEWEST}, {_PREVIOUS} or one of the versions "
            f"{', '.join(map(str, numbers))}, received {choice!r}."
        )
    return int(choice)


def _write(text: str, path: Path) -> None:
    """Writes the file whole or not at all: a server may read it at any moment."""
    try:
        write_whole_file(path, text)
    except OSError as error:
        raise click.ClickException(f"{path}: cannot be written: {error.strerror}") from error
