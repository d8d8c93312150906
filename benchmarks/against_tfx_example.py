"""This pipeline and TFX's own MNIST example, cold, on the same 60,000 images, in one go.

    .venv/bin/python -m benchmarks.against_tfx_example [--repetitions 3]

The example is the one inside the tfx wheel (tfx/examples/mnist), unchanged: it reads TFRecords of
floats from ~/mnist, which are written first and not counted. Both models are measured on MNIST's
10,000 test images with the model that was pushed.
"""

import ensurepip
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np
import tensorflow as tf
from tfx.examples import mnist as tfx_example

from benchmarks.measuring.mnist import Part, read_mnist
from benchmarks.measuring.process_tree import Usage, measure
from benchmarks.measuring.tfx_mnist import call

_PRESETS = ("quick", "default")
_EXAMPLE = "TFX's example"


class _Run(NamedTuple):
    usage: Usage
    accuracy: float


@click.command()
@click.option("--repetitions", default=3, show_default=True, help="Of each, in turns.")
def main(repetitions: int) -> None:
    """Run the presets and the example in turns, and print a Markdown table."""
    runs: dict[str, list[_Run]] = defaultdict(list)
    for _ in range(repetitions):
        for preset in _PRESETS:
            with tempfile.TemporaryDirectory() as folder:
                runs[f"`{preset}`"].append(_run_ours(Path(folder), preset))
        with tempfile.TemporaryDirectory() as folder:
            runs[_EXAMPLE].append(_run_theirs(Path(folder)))
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(_render(runs))


def _render(runs: Mapping[str, Sequence[_Run]]) -> str:
    shares_of = "of the example's wall | of its CPU | of its memory"
    lines = [
        f"| | wall s | CPU s | peak memory MB | accuracy on the test set | {shares_of} |",
        "|---" * 8 + "|",
    ]
    theirs = _take_means(runs[_EXAMPLE])
    for name, repetitions in runs.items():
        ranges = [
            f"{min(values):.{digits}f} to {max(values):.{digits}f}"
            for values, digits in zip(_list_values(repetitions), (1, 1, 0, 4), strict=True)
        ]
        shares = [
            f"{ours / whole:.2f}"
            for ours, whole in zip(_take_means(repetitions)[:3], theirs, strict=False)
        ]
        lines.append(f"| {name} | {' | '.join(ranges + shares)} |")
    return "\n".join(lines)


def _list_values(runs: Sequence[_Run]) -> list[list[float]]:
    """Returns wall seconds, CPU seconds, MB and accuracy, each of all runs."""
    return [
        [run.usage.wall_seconds for run in runs],
        [run.usage.cpu_seconds for run in runs],
        [run.usage.peak_bytes / 1e6 for run in runs],
        [run.accuracy for run in runs],
    ]


def _take_means(runs: Sequence[_Run]) -> list[float]:
    return [statistics.mean(values) for values in _list_values(runs)]


def _run_ours(folder: Path, preset: str) -> _Run:
    usage = call(folder, "run", "--preset", preset)
    outcome = json.loads((folder / "root" / "run.json").read_text())
    return _Run(usage, outcome["metrics"]["accuracy"])


def _run_theirs(home: Path) -> _Run:
    data = home / "mnist" / "data"
    data.mkdir(parents=True)
    _write_example_data(data / "mnist.tfrecord")
    source = Path(tfx_example.__file__).parent
    for name in ("mnist_utils_native_keras.py", "mnist_utils_native_keras_base.py"):
        shutil.copy(source / name, home / "mnist")
    command = [sys.executable, str(source / "mnist_pipeline_native_keras.py")]
    # The example installs its own code with pip while it runs, and this environment has no pip.
    [pip] = (Path(ensurepip.__file__).parent / "_bundled").glob("pip-*.whl")
    environment = {"HOME": str(home), "PYTHONPATH": str(pip)}
    usage = measure(command, log=home / "log", environment=environment)
    _checked(usage, home / "log")
    [version] = (home / "mnist" / "serving_model" / "mnist_native_keras").iterdir()
    return _Run(usage, _measure_example_model(version))


def _checked(usage: Usage, log: Path) -> Usage:
    if usage.exit_code:
        sys.exit(f"exit code {usage.exit_code}; the end of its log:\n{log.read_text()[-3000:]}")
    return usage


def _write_example_data(path: Path) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in _example_rows("train"):
            writer.write(example)


def _example_rows(part: Part) -> list[bytes]:
    """Returns the tf.Examples that the example reads: floats from -0.5 to 0.5, and the class."""
    images, labels = read_mnist(part)
    floats = images.reshape(-1, 784) / 255.0 - 0.5
    return [_example(image, label) for image, label in zip(floats, labels, strict=True)]


def _example(image: Any, label: int) -> bytes:
    features = {
        "image_floats": tf.train.Feature(float_list=tf.train.FloatList(value=image)),
        "image_class": tf.train.Feature(int64_list=tf.train.Int64List(value=[int(label)])),
    }
    return tf.train.Example(features=tf.train.Features(feature=features)).SerializeToString()


def _measure_example_model(version: Path) -> float:
    signature = tf.saved_model.load(str(version)).signatures["serving_default"]
    [input_name] = signature.structured_input_signature[1]
    answers = signature(**{input_name: tf.constant(_example_rows("t10k"))})
    [logits] = answers.values()
    return float(np.mean(logits.numpy().argmax(axis=1) == read_mnist("t10k").labels))


if __name__ == "__main__":
    main()
