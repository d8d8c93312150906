"""What wrong labels do to accuracy, and which of them a first run refuses.

    .venv/bin/python -m benchmarks.label_noise [--preset default]

Each run is the first of a pipeline of its own, on MNIST of which so many labels, in the train files
or in all, are another class: which rows and which class is random, and the same every time.
"""

import gzip
import json
import os
import platform
import shutil
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import click
import numpy as np

from benchmarks.measuring.tfx_mnist import call
from runners.local.outcome import DONE, NOT_BLESSED

_DATA = Path(__file__).parent.parent / "data" / "mnist"
_LABELS_HEADER = 8
_NUM_CLASSES = 10
_SHARES = (0.0, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.4)


class _Noise(NamedTuple):
    """The share of wrong labels in the train and in the test files."""

    train: float
    test: float


@click.command()
@click.option("--preset", default="quick", show_default=True, help="How long to train.")
def main(preset: str) -> None:
    """Run the pipeline once for each share of wrong labels, and print a Markdown table."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, preset {preset}\n")
    print("| wrong in train files | in test files | on eval | bound | on test | refused for |")
    print("|---|---|---|---|---|---|")
    for noise in _list_noise():
        with tempfile.TemporaryDirectory() as folder:
            outcome = _run(noise, preset, Path(folder))
        print(f"| {noise.train:.1%} | {noise.test:.1%} | {_describe(outcome)} |", flush=True)


def _list_noise() -> Iterator[_Noise]:
    yield from (_Noise(share, 0.0) for share in _SHARES)
    yield from (_Noise(share, share) for share in _SHARES[1:5])


def _run(noise: _Noise, preset: str, folder: Path) -> dict[str, list[dict[str, object]]]:
    """Returns what `run.json` says of a first run."""
    data = shutil.copytree(_DATA, folder / "data", ignore=shutil.ignore_patterns("SHA256SUMS"))
    for number, (name, share) in enumerate(zip(("train", "t10k"), noise, strict=True)):
        _mistake(data / f"{name}-labels-idx1-ubyte.gz", share, np.random.default_rng(number))
    call(
        folder,
        *("run", "--preset", preset),
        settings={"data_root": data},
        allowed={DONE, NOT_BLESSED},
    )
    outcome: dict[str, list[dict[str, object]]] = json.loads(
        (folder / "root" / "run.json").read_text()
    )
    return outcome


def _mistake(path: Path, share: float, generator: np.random.Generator) -> None:
    """Gives a share of the labels in a file another class."""
    content = bytearray(gzip.decompress(path.read_bytes()))
    labels = np.frombuffer(content, np.uint8, offset=_LABELS_HEADER)  # a view that writes through
    rows = generator.choice(len(labels), round(share * len(labels)), replace=False)
    labels[rows] = (labels[rows] + generator.integers(1, _NUM_CLASSES, len(rows))) % _NUM_CLASSES
    path.write_bytes(gzip.compress(bytes(content), mtime=0))


def _describe(outcome: dict[str, list[dict[str, object]]]) -> str:
    checks = [check for check in outcome["checks"] if check["metric"] == "accuracy"]
    by_slice = {check["slice"]: check for check in checks}
    held_out, test = by_slice["split eval"], by_slice["all"]
    refused = ", ".join(str(check["slice"]) for check in checks if not check["passed"])
    return (
        f"{held_out['value']:.4f} | {held_out['bound']:.4f} | {test['value']:.4f} | "
        f"{refused or 'nothing'}"
    )


if __name__ == "__main__":
    main()
