"""`tfx-mnist schema`: the contract against the data, and how it follows them."""

import os
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

import click
from rich.console import Console
from rich.text import Text

from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.metadata_option import mlmd_option, open_metadata
from runners.commands.quiet import log_to_file
from runners.terminal.console import make_console

if TYPE_CHECKING:
    from tensorflow_metadata.proto.v0.schema_pb2 import Schema

    from runners.schema.inferred import InferredSchema
    from runners.schema.proposal import ElementDifference


@click.group()
def schema() -> None:
    """Compare the data contract with the data of the last run, or make it follow them."""


@schema.command()
@configuration_options
@mlmd_option
def diff(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
) -> None:
    """Show what the last run inferred from its data against the contract.

    Lines with - are what `schema accept` would take out of the contract, lines with + are what
    it would write instead.
    """
    config = read_configuration(config_file, preset, overrides)
    with _quiet() as terminal:
        _print_proposal(_propose(config, mlmd_url), _console(terminal))


@schema.command()
@configuration_options
@mlmd_option
def accept(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    mlmd_url: str | None,
) -> None:
    """Write what the last run inferred into the contract, for you to review and commit.

    What inference says of a feature replaces what the contract says: type, presence, shape.
    What it cannot know stays, such as domains, image_domain and comparators. A bound that the
    data exceed is moved to where they end; the threshold of a comparator never is. Comments
    stay too, but for those within a feature that changes.
    """
    config = read_configuration(config_file, preset, overrides)
    with _quiet() as terminal:
        proposal = _propose(config, mlmd_url)
        console = _console(terminal)
        _print_proposal(proposal, console)
        if proposal.is_change:
            _write(proposal)
            console.print(
                f"\nWritten to {proposal.path}. Review it (git diff) and commit it; the next run "
                "obeys it."
            )


@dataclass(frozen=True, kw_only=True)
class _Proposal:
    """The contract as it is, and as it would be after `inferred` was accepted.

    Attributes:
      path: The contract's file.
      text: What it holds; "" if there is none yet.
      contract: `text`, parsed.
      inferred: From the data of the last run.
      schema: The contract that would be written.
      misfits: What would keep a run from obeying it with this configuration.
    """

    path: str
    text: str
    contract: "Schema"
    inferred: "InferredSchema"
    schema: "Schema"
    misfits: tuple[str, ...]

    @property
    def is_change(self) -> bool:
        return bool(self.schema != self.contract)


def _quiet() -> AbstractContextManager[TextIO]:
    """Keeps what TensorFlow says of itself off the terminal; yields the terminal."""
    return log_to_file(Path(os.devnull))


def _console(terminal: TextIO) -> Console:
    return make_console(terminal, soft_wrap=True)


def _propose(config: PipelineConfig, mlmd_url: str | None) -> _Proposal:
    """Reads the contract, and the last run from where its metadata are.

    Raises:
      click.ClickException: There is no such run, or one of the two cannot be used.
    """
    store, _ = open_metadata(mlmd_url, config)

    from components.schema_importer.contract import Contract  # noqa: PLC0415
    from runners.schema.configured import find_misfits  # noqa: PLC0415
    from runners.schema.inferred import read_inferred_schema, relax_schema  # noqa: PLC0415
    from runners.schema.proposal import merge_inferred  # noqa: PLC0415

    text, contract = _read_contract(config.schema_path)
    try:
        inferred = read_inferred_schema(store, config.pipeline_name)
        proposed = relax_schema(merge_inferred(contract, inferred.schema), inferred)
        written = Contract(path=config.schema_path, digest="", schema=proposed)
        misfits = tuple(find_misfits(written, config.data.spec, inferred))
    except (LookupError, OSError, ValueError) as error:
        raise click.ClickException(str(error)) from error
    return _Proposal(
        path=config.schema_path,
        text=text,
        contract=contract,
        inferred=inferred,
        schema=proposed,
        misfits=misfits,
    )


def _read_contract(path: str) -> tuple[str, "Schema"]:
    """Returns the text and the schema in it; where there is no file, nothing is agreed on yet."""
    from google.protobuf.text_format import ParseError  # noqa: PLC0415
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    from runners.schema.text import parse_schema  # noqa: PLC0415

    text = ""
    if fileio.exists(path):
        with fileio.open(path, "r") as file:
            text = file.read()
    try:
        return text, parse_schema(text)
    except ParseError as error:
        raise click.ClickException(
            f"{path}: expected a schema in protobuf text format, received at line:column {error}"
        ) from error


def _write(proposal: _Proposal) -> None:
    """Replaces the contract's file, whole or not at all."""
    from tfx.dsl.io import fileio  # noqa: PLC0415 - TensorFlow comes with it

    from runners.schema.text import rewrite_schema  # noqa: PLC0415

    try:
        fileio.makedirs(os.path.dirname(proposal.path))  # noqa: PTH120 - may be gs://
        write_whole_file(proposal.path, rewrite_schema(proposal.text, proposal.schema))
    except Exception as error:
        raise click.ClickException(
            f"{proposal.path}: cannot be written ({error}); it is as it was."
        ) from error


def _print_proposal(proposal: _Proposal, console: Console) -> None:
    from runners.schema.proposal import find_differences  # noqa: PLC0415

    inferred = proposal.inferred
    console.print(f"contract  {proposal.path}")
    console.print(
        f"inferred  from {inferred.uri} ({', '.join(inferred.statistics)}), run {inferred.run_id}"
    )
    for difference in find_differences(proposal.contract, proposal.schema, inferred.schema):
        _print_difference(difference, console)
    if not proposal.is_change:
        console.print("\nThe contract holds for these data; there is nothing to accept.")
    if proposal.misfits:
        console.print("\nThe configuration does not allow all of these data:")
    for misfit in proposal.misfits:
        console.print(f"  {misfit}")


def _print_difference(difference: "ElementDifference", console: Console) -> None:
    field, name = difference.key
    agrees = difference.verdict == "agrees"
    console.print(
        Text.assemble(
            f"\n{field} ",
            (name, "bold"),
            " ",
            (difference.verdict, "green" if agrees else "yellow"),
        )
    )
    for line in difference.removed:
        console.print(Text(f"  - {line}", style="red"))
    for line in difference.added:
        console.print(Text(f"  + {line}", style="green"))
    if difference.kept:
        console.print(Text(f"  kept, as no data tell them: {', '.join(difference.kept)}", "dim"))
