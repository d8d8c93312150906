"""`tfx-mnist predict`: what a served model takes pictures for."""

import json
import math
import re
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NoReturn

import click
import numpy as np
from PIL import Image
from rich.table import Table
from rich.text import Text

from runners.commands.asked_images import STDIN, AskedImage, Images, Rows, Taken, read_images
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.named_files import make_visible
from runners.commands.server_connection import connect
from runners.terminal.console import make_console
from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_share
from serving.client.answers import ClientError
from serving.client.image_model import ImageAnswer, ImageModel

_MAX_BATCH = 256
# So many images of any size are well within what servers and proxies take in one request.
_MAX_BATCH_BYTES = 2**21
_MAX_BARS = 10
_MAX_DRAWN_SIDE = 64
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
@click.option(
    "--raw", is_flag=True, help="Take pictures of the model's size as they are, and no others."
)
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
    """Ask a model server what is on each PICTURE (PNG, JPEG and others; any size).

    The model says how large its images are, and what its classes are called. A PICTURE is scaled
    to that size as a whole; it keeps its colours where the model takes colours.

    For a model like MNIST's (28 x 28, grey, classes called by numbers or single signs) the ink is
    found, dark on light or light on dark, and cropped and centred as in MNIST. A PICTURE of 28 x 28
    pixels goes in as it is, unless its four corners are light, as paper is.

    What can't be read is told on stderr, the others are answered, and the exit code is 1.

    A PICTURE of - reads JSON from stdin: a list of images of the model's size, rows of numbers from
    0 to 255, or {"instances": such a list}. The server may be `tfx-mnist serve` or TensorFlow
    Serving.
    """
    if not pictures and options["idx"] is None:
        raise click.UsageError("name at least one PICTURE, - for stdin, or --idx FILE")
    config = read_configuration(config_file, preset, overrides)
    try:
        with closing(connect(options["model_name"] or config.pipeline_name, options)) as client:
            model = ImageModel(client, version=options["model_version"], label=options["label"])
            questions, errors = _read(pictures, model, options)
            answers = list(_ask(model, questions))
    except (ClientError, OSError) as error:
        raise click.ClickException(str(error)) from error
    for line in errors:
        click.echo(f"Error: {line}", err=True)
    if options["as_json"]:
        _print_json(questions, answers)
    elif answers:
        few = len(questions) <= len(pictures)
        _print_table(questions, answers, show=few if options["show"] is None else options["show"])
    if errors:
        raise click.exceptions.Exit(1)


def _read(
    pictures: tuple[str, ...], model: ImageModel, options: dict[str, Any]
) -> tuple[list[AskedImage], list[str]]:
    raw = options["raw"]
    are_pictures = any(name != STDIN for name in pictures)
    finds_ink = are_pictures and not raw and model.reads_signs()
    taken = Taken(model.image_shape, finds_ink, raw)
    return read_images(pictures, options["idx"], options["rows"], taken)


def _ask(model: ImageModel, questions: list[AskedImage]) -> Iterator[ImageAnswer]:
    image_bytes = math.prod(model.image_shape)
    batch = max(1, min(_MAX_BATCH, _MAX_BATCH_BYTES // image_bytes))
    for start in range(0, len(questions), batch):
        yield from model.ask(np.stack([each.image for each in questions[start : start + batch]]))


def _print_json(questions: list[AskedImage], answers: list[ImageAnswer]) -> None:
    entries = [
        {
            "name": question.name,
            "class": answer.number,
            "class_name": answer.name,
            "probabilities": [float(value) for value in answer.probabilities],
            "version": answer.version,
        }
        for question, answer in zip(questions, answers, strict=True)
    ]
    click.echo(json.dumps(entries, indent=2))


def _print_table(questions: list[AskedImage], answers: list[ImageAnswer], *, show: bool) -> None:
    console = make_console()
    table = Table("picture", "class", "probability", "next")
    for question, answer in zip(questions, answers, strict=True):
        best, *next_ones = np.argsort(-answer.probabilities)[: 1 + _RUNNERS_UP]
        runners_up = ", ".join(_tell(answer, number) for number in next_ones)
        name = make_visible(question.name)
        table.add_row(
            name,
            make_visible(answer.names[best]),
            f"{answer.probabilities[best]:.2%}",
            runners_up,
        )
        if show:
            console.print(f"{name}, as the model saw it:")
            beside = Table.grid(padding=(0, 2, 0, 0))
            beside.add_row(Text(draw_picture(_scale_down(question.image))), _draw_answer(answer))
            console.print(beside)
    console.print(table)
    versions = {answer.version for answer in answers if answer.version is not None}
    if versions:
        console.print(f"Answered by version {', '.join(map(str, sorted(versions)))}.")


def _tell(answer: ImageAnswer, number: int) -> str:
    return f"{make_visible(answer.names[number])} {answer.probabilities[number]:.2%}"


def _scale_down(image: Images) -> Images:
    """Returns an image that fits on a terminal."""
    picture = Image.fromarray(image)
    picture.thumbnail((_MAX_DRAWN_SIDE, _MAX_DRAWN_SIDE))
    return np.asarray(picture)


def _draw_answer(answer: ImageAnswer) -> Text:
    """Draws how likely each class is, or the likeliest of many; the answer in bold."""
    likeliest = np.sort(np.argsort(-answer.probabilities)[:_MAX_BARS])
    names = {int(number): make_visible(answer.names[number]) for number in likeliest}
    width = max(map(len, names.values()))
    text = Text("\n")
    for number, name in names.items():
        probability = float(answer.probabilities[number])
        bar = draw_share(probability, _BAR_WIDTH)
        style = "bold green" if number == answer.number else ""
        text.append(f"{name:<{width}}  {bar:<{_BAR_WIDTH}} {probability:7.2%}\n", style=style)
    return text
