"""`tfx-mnist predict`: what a served model takes pictures of digits for."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import numpy.typing as npt
from rich.table import Table
from rich.text import Text

from components.idx_files.idx import IMAGES_MAGIC, IdxError, IdxReader
from runners.commands.configuration_options import configuration_options, read_configuration
from runners.commands.server_connection import connect
from runners.terminal.console import make_console
from runners.terminal.pictures import draw_picture
from runners.terminal.sparklines import draw_share
from serving.client.answers import Client, ClientError
from serving.client.digit_image import SIDE, PictureError, read_digit
from serving.client.digits import DigitPrediction, predict_digits

_BATCH = 256
_RUNNERS_UP = 2
_WHITE = 255
_BAR_WIDTH = 20

Images = npt.NDArray[np.uint8]


class _Rows(click.ParamType[Any]):
    """A range of rows: FIRST:LAST, LAST not included."""

    name = "FIRST:LAST"

    def convert(self, value: Any, param: Any, ctx: Any) -> range:
        """Returns the range."""
        if isinstance(value, range):
            return value
        first, _, last = value.partition(":")
        try:
            rows = range(int(first or 0), int(last) if last else int(first or 0) + 1)
        except ValueError:
            rows = range(0)
        if not rows or rows.start < 0:
            self.fail(f"expected a range such as 0:10, received {value!r}", param, ctx)
        return rows


class _Question(NamedTuple):
    """An image and where it came from."""

    name: str
    image: Images


@click.command()
@configuration_options
@click.argument("pictures", nargs=-1, metavar="[PICTURE]...")
@click.option("--idx", type=click.Path(path_type=Path), help="Take images from this IDX file.")
@click.option("--rows", type=_Rows(), default="0:10", show_default=True, help="Which of them.")
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
    """Ask a model server what digit is on each PICTURE (PNG, JPEG; any size).

    A PICTURE of - reads JSON from stdin: a list of images, each 28 lists of 28 numbers from 0 to
    255, or {"instances": such a list}. The server may be `tfx-mnist serve` or TensorFlow Serving.
    """
    if not pictures and options["idx"] is None:
        raise click.UsageError("name at least one PICTURE, - for stdin, or --idx FILE")
    config = read_configuration(config_file, preset, overrides)
    try:
        questions = list(_read_questions(pictures, options["idx"], options["rows"]))
        with closing(connect(options["model_name"] or config.pipeline_name, options)) as client:
            answers = list(_ask(client, questions, options))
    except (ClientError, IdxError, OSError, PictureError) as error:
        raise click.ClickException(str(error)) from error
    if options["as_json"]:
        _print_json(questions, answers)
    else:
        few = len(questions) <= len(pictures)
        _print_table(questions, answers, show=few if options["show"] is None else options["show"])


class _Answer(NamedTuple):
    """What was answered about one image, and by which version if that is known."""

    digit: DigitPrediction
    version: int | None
    milliseconds: float


def _ask(client: Client, questions: list[_Question], options: dict[str, Any]) -> Iterator[_Answer]:
    for start in range(0, len(questions), _BATCH):
        images = np.stack([question.image for question in questions[start : start + _BATCH]])
        digits, prediction = predict_digits(
            client, images, version=options["model_version"], label=options["label"]
        )
        for digit in digits:
            yield _Answer(digit, prediction.version, prediction.milliseconds)


def _read_questions(
    pictures: tuple[str, ...], idx: Path | None, rows: range
) -> Iterator[_Question]:
    for name in pictures:
        if name == "-":
            yield from _read_json(sys.stdin.read())
        else:
            yield _Question(name, read_digit(Path(name).read_bytes(), name))
    if idx is not None:
        with idx.open("rb") as stream:
            reader = IdxReader(stream, str(idx), magic=IMAGES_MAGIC)
            _check_shape(str(idx), reader.row_shape)
            if rows.start >= reader.num_rows:
                raise PictureError(f"{idx}: row {rows.start} is asked for, of {reader.num_rows}")
            reader.seek_row(rows.start)
            images = reader.read_rows(min(len(rows), reader.num_rows - rows.start))
        for row, image in zip(rows, images, strict=False):
            yield _Question(f"{idx.name} row {row}", image)


def _read_json(text: str) -> Iterator[_Question]:
    try:
        content = json.loads(text)
        rows = content["instances"] if isinstance(content, dict) else content
        images = np.asarray(rows)
    except (KeyError, ValueError) as error:
        raise PictureError(f"stdin: expected a list of images as JSON: {error}") from error
    _check_shape("stdin", images.shape[1:])
    if images.dtype.kind not in "iu" or images.min() < 0 or images.max() > _WHITE:
        raise PictureError(f"stdin: expected whole numbers from 0 to {_WHITE}")
    for number, image in enumerate(images.astype(np.uint8)):
        yield _Question(f"stdin image {number}", image)


def _check_shape(where: str, shape: tuple[int, ...]) -> None:
    if shape != (SIDE, SIDE):
        raise PictureError(
            f"{where}: expected images of {SIDE} x {SIDE} pixels, received shape {list(shape)}"
        )


def _print_json(questions: list[_Question], answers: list[_Answer]) -> None:
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


def _print_table(questions: list[_Question], answers: list[_Answer], *, show: bool) -> None:
    console = make_console()
    table = Table("picture", "class", "probability", "next")
    for question, answer in zip(questions, answers, strict=True):
        probabilities = answer.digit.probabilities
        order = np.argsort(-probabilities)
        runners_up = ", ".join(
            f"{number} {probabilities[number]:.2%}" for number in order[1 : 1 + _RUNNERS_UP]
        )
        table.add_row(question.name, str(order[0]), f"{probabilities[order[0]]:.2%}", runners_up)
        if show:
            console.print(f"{question.name}, as the model saw it:")
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
