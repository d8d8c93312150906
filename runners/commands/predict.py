"""`tfx-mnist predict`: what a served model takes pictures of digits for."""

import json
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple, NoReturn

import click
import numpy as np
import numpy.typing as npt
from rich.table import Table
from rich.text import Text

from runners.commands.asked_images import AskedImage, Rows, read_images
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.named_files import make_visible
from runners.commands.server_connection import connect
from runners.terminal.console import make_console
from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_share
from serving.client.answers import Client, ClientError
from serving.client.digits import DigitPrediction, predict_digits

_BATCH = 256
_RUNNERS_UP = 2
_BAR_WIDTH = 20
# More digits than any file has rows.
_RANGE = re.compile(r"([0-9]{0,18})(:([0-9]{0,18}))?")


class _RowsType(click.ParamType[Any]):
    """Rows of a file: one, or a range in which either end may be left out."""

    name = "ROWS"

    def convert(self, value: Any, param: Any, ctx: Any) -> Rows:
        """Returns the rows."""
        if isinstance(value, Rows):
            return value
        match = _RANGE.fullmatch(value)
        if not match or not any(match.group(1, 3)):
            self._refuse(value, "", param, ctx)
        first = int(match[1] or 0)
        if not match[2]:
            return Rows(first, first + 1)
        last = int(match[3]) if match[3] else None
        if last is not None and last <= first:
            self._refuse(value, ", which ends before it begins", param, ctx)
        return Rows(first, last)

    def _refuse(self, value: str, reason: str, param: Any, ctx: Any) -> NoReturn:
        self.fail(
            "expected a range such as 0:10 (LAST is not included), 5: to the end, :5 for the first "
            f"five, or 7 for one row; received {value!r}{reason}",
            param,
            ctx,
        )


@click.command()
@configuration_options
@click.argument("pictures", nargs=-1, metavar="[PICTURE]...")
@click.option("--idx", type=click.Path(), help="Take images from this IDX file.")
@click.option(
    "--rows",
    type=_RowsType(),
    default="0:10",
    show_default=True,
    help="Which of them: FIRST:LAST without LAST, 5: to the end, :5 the first five, 7 one row.",
)
@click.option("--raw", is_flag=True, help="Take pictures of 28 x 28 as they are, and no others.")
@click.option(
    "--url",
    default="http://127.0.0.1:8501",
    show_default=True,
    help="The server: http://, https://, grpc://HOST:PORT, or grpcs:// for gRPC with TLS.",
)
@click.option("--model_name", help="The model to ask. Default: the pipeline's name.")
@click.option("--model_version", type=int, help="The version to ask. Default: the newest.")
@click.option("--label", help="The version to ask, by label.")
@click.option("--token_file", type=click.Path(path_type=Path), help="The server's bearer token.")
@click.option("--ca_file", type=click.Path(path_type=Path), help="Who signed its certificate.")
@click.option("--timeout_seconds", default=30.0, show_default=True, help="How long to wait.")
@click.option("--show/--no-show", default=None, help="Draw what the model saw.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def predict(
    config_file: str | None,
    preset: str | None,
    overrides: tuple[str, ...],
    pictures: tuple[str, ...],
    **options: Any,
) -> None:
    """Ask a model server what digit is on each PICTURE (PNG, JPEG and others; any size).

    A PICTURE of 28 x 28 pixels goes in as it is, unless its four corners are light, as paper is. In
    any other the ink is found, dark on light or light on dark, and cropped and centred as in MNIST.
    What can't be read is told on stderr, the others are answered, and the exit code is 1.

    A PICTURE of - reads JSON from stdin: a list of images, each 28 lists of 28 numbers from 0 to
    255, or {"instances": such a list}. The server may be `tfx-mnist serve` or TensorFlow Serving.
    """
    if not pictures and options["idx"] is None:
        raise click.UsageError("name at least one PICTURE, - for stdin, or --idx FILE")
    config = read_configuration(config_file, preset, overrides)
    questions, errors = read_images(pictures, options["idx"], options["rows"], raw=options["raw"])
    for error in errors:
        click.echo(f"Error: {error}", err=True)
    answers = _answer(questions, options["model_name"] or config.pipeline_name, options)
    if options["as_json"]:
        _print_json(questions, answers)
    elif answers:
        few = len(questions) <= len(pictures)
        _print_table(questions, answers, show=few if options["show"] is None else options["show"])
    if errors:
        raise click.exceptions.Exit(1)


class _Answer(NamedTuple):
    """What was answered about one image, and by which version if that is known."""

    digit: DigitPrediction
    version: int | None
    milliseconds: float


def _answer(questions: list[AskedImage], model_name: str, options: dict[str, Any]) -> list[_Answer]:
    """Asks a server, unless there is nothing to ask."""
    if not questions:
        return []
    try:
        with closing(connect(model_name, options)) as client:
            return list(_ask(client, questions, options))
    except (ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error


def _ask(client: Client, questions: list[AskedImage], options: dict[str, Any]) -> Iterator[_Answer]:
    for start in range(0, len(questions), _BATCH):
        images = np.stack([question.image for question in questions[start : start + _BATCH]])
        digits, prediction = predict_digits(
            client, images, version=options["model_version"], label=options["label"]
        )
        for digit in digits:
            yield _Answer(digit, prediction.version, prediction.milliseconds)


def _print_json(questions: list[AskedImage], answers: list[_Answer]) -> None:
    entries = [
        {
            "name": question.name,
            "class": answer.digit.digit,
            "probabilities": [float(value) for value in answer.digit.probabilities],
            "version": answer.version,
        }
        for question, answer in zip(questions, answers, strict=True)
    ]
    click.echo(json.dumps(entries, indent=2))


def _print_table(questions: list[AskedImage], answers: list[_Answer], *, show: bool) -> None:
    console = make_console()
    table = Table("picture", "class", "probability", "next")
    for question, answer in zip(questions, answers, strict=True):
        probabilities = answer.digit.probabilities
        order = np.argsort(-probabilities)
        runners_up = ", ".join(
            f"{number} {probabilities[number]:.2%}" for number in order[1 : 1 + _RUNNERS_UP]
        )
        name = make_visible(question.name)
        table.add_row(name, str(order[0]), f"{probabilities[order[0]]:.2%}", runners_up)
        if show:
            console.print(f"{name}, as the model saw it:")
            beside = Table.grid(padding=(0, 2, 0, 0))
            beside.add_row(
                Text(draw_picture(question.image)), _draw_answer(probabilities, order[0])
            )
            console.print(beside)
    console.print(table)
    versions = {answer.version for answer in answers if answer.version is not None}
    if versions:
        console.print(f"Answered by version {', '.join(map(str, sorted(versions)))}.")


def _draw_answer(probabilities: npt.NDArray[np.float64], answer: int) -> Text:
    """Draws how likely each class is, the answer in bold."""
    text = Text("\n")
    for number, probability in enumerate(probabilities):
        bar = draw_share(float(probability), _BAR_WIDTH)
        style = "bold green" if number == answer else ""
        text.append(f"{number}  {bar:<{_BAR_WIDTH}} {probability:7.2%}\n", style=style)
    return text
