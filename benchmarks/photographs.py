"""How many photographs of digits are read rightly, by how the light falls, and how many of none.

    PYTHONPATH=tests .venv/bin/python -m benchmarks.photographs MODEL [--count 100]

MODEL is a folder of pushed versions; the newest is asked, in this process. The photographs are the
tests' own: digits of MNIST's test files, from 60 to 1,200 pixels, on paper of any colour, dark on
light and light on dark, with up to 40 % of the light lost, noise, blur and JPEG.
"""

import os
import platform
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import numpy.typing as npt
from PIL import Image

from components.idx_files.storage import find_files, open_pair
from components.model_exporter.reference import ask_saved_model
from components.versioned_directory.versions import list_versions
from modules.data_spec import MNIST
from serving.client.digit_image import SIDE, centre
from serving.client.image_model import IMAGES_SIGNATURE
from serving.client.pictures.ink import NoInkError, find_ink
from support.photographs.lights import LIGHTS
from support.photographs.photograph import draw_setting, photograph_paper, take_photograph

_DATA = Path(__file__).parent.parent / "data" / "mnist"
_LONGEST = 1200


@dataclass(frozen=True)
class _Line:
    """What came of the photographs in one light; a refused one has the class -1."""

    labels: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.int64]
    confidences: npt.NDArray[np.float64]
    num_seen_in_nothing: int


@click.command()
@click.argument("model_base_path", type=click.Path(path_type=Path, exists=True, file_okay=False))
@click.option("--count", default=100, show_default=True, help="Photographs in each light.")
def main(model_base_path: Path, count: int) -> None:
    """Ask the newest model under MODEL_BASE_PATH about photographs, and print a table."""
    versions = list_versions(model_base_path)
    if not versions:
        raise click.UsageError(f"{model_base_path}: has no version; run the pipeline first")
    print(f"{platform.platform()}, {os.cpu_count()} cores, {count} photographs in each light\n")
    print("| light | right | wrong | refused | confidence where wrong | seen on empty paper |")
    print("|---|---|---|---|---|---|")
    for light in LIGHTS:
        line = _measure(light, count, versions[-1].path)
        right, refused = line.classes == line.labels, line.classes < 0
        wrong = ~right & ~refused
        confidence = f"{line.confidences[wrong].mean():.2f}" if wrong.any() else ""
        print(
            f"| {light} | {right.mean():.1%} | {wrong.mean():.1%} | {refused.mean():.1%} "
            f"| {confidence} | {line.num_seen_in_nothing / count:.1%} |",
            flush=True,
        )


def _measure(light: str, count: int, version: Path) -> _Line:
    rng = np.random.default_rng(list(LIGHTS).index(light))
    images, labels = _read_digits(rng, count)
    settings = [draw_setting(light, rng, longest=_LONGEST) for _ in range(count)]
    seen = [
        _read(take_photograph(image, setting, rng))
        for image, setting in zip(images, settings, strict=True)
    ]
    of_none = [_read(photograph_paper(setting, rng)) for setting in settings]
    nothing = np.zeros((SIDE, SIDE), np.uint8)
    asked = np.stack([nothing if digit is None else digit for digit in seen])
    answers = ask_saved_model(version, IMAGES_SIGNATURE, asked).answers["probabilities"]
    is_refused = np.array([digit is None for digit in seen])
    return _Line(
        labels=labels,
        classes=np.where(is_refused, -1, answers.argmax(axis=1)),
        confidences=answers.max(axis=1).astype(np.float64),
        num_seen_in_nothing=sum(digit is not None for digit in of_none),
    )


def _read(picture: Image.Image) -> npt.NDArray[np.uint8] | None:
    """Returns the digit that is seen in a photograph, None if none is."""
    try:
        return centre(find_ink(np.asarray(picture.convert("L"), np.float64)))
    except NoInkError:
        return None


def _read_digits(
    rng: np.random.Generator, count: int
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.uint8]]:
    """Returns test images of chance and their labels."""
    pair = find_files(str(_DATA)).test
    with open_pair(pair, MNIST) as reader:
        total = reader.num_rows
        [block] = reader.read_blocks(first_row=0, num_rows=total, rows_per_block=total)
    rows = rng.choice(len(block.labels), count, replace=False)
    return block.images[rows], block.labels[rows]


if __name__ == "__main__":
    main()
