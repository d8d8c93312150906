"""This pipeline and TFX's own MNIST example, cold, on the same 60,000 images, in one go.

    .venv/bin/python -m benchmarks.against_tfx_example

The example is the one inside the tfx wheel (tfx/examples/mnist), unchanged: it reads TFRecords of
floats from ~/mnist, which are written first and not counted. Both models are measured on MNIST's
10,000 test images with the model that was pushed.
"""

import ensurepip
import gzip
import json
import os
import platform
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import tensorflow as tf
from tfx.examples import mnist as tfx_example

from benchmarks.process_tree import Usage, measure
from benchmarks.tfx_mnist import call

_PROJECT = Path(__file__).parents[1]
_DATA = _PROJECT / "data" / "mnist"


def main() -> None:
    """Runs both and prints a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        ours = _run_ours(Path(folder) / "ours")
        theirs = _run_theirs(Path(folder) / "theirs")
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| | wall s | CPU s | peak memory MB | accuracy on the test set |")
    print("|---|---|---|---|---|")
    for name, (usage, accuracy) in {"this project": ours, "TFX's example": theirs}.items():
        print(
            f"| {name} | {usage.wall_seconds:.1f} | {usage.cpu_seconds:.1f} | "
            f"{usage.peak_bytes / 1e6:.0f} | {accuracy:.4f} |"
        )
    wall, cpu = (
        getattr(theirs[0], field) / getattr(ours[0], field)
        for field in ("wall_seconds", "cpu_seconds")
    )
    print(f"\n{wall:.1f} times faster, {cpu:.1f} times less CPU")


def _run_ours(folder: Path) -> tuple[Usage, float]:
    folder.mkdir()
    usage = call(folder, "run")
    outcome = json.loads((folder / "root" / "run.json").read_text())
    accuracy: float = outcome["metrics"]["accuracy"]
    return usage, accuracy


def _run_theirs(home: Path) -> tuple[Usage, float]:
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
    return usage, _measure_example_model(version)


def _checked(usage: Usage, log: Path) -> Usage:
    if usage.exit_code:
        sys.exit(f"exit code {usage.exit_code}; the end of its log:\n{log.read_text()[-3000:]}")
    return usage


def _write_example_data(path: Path) -> None:
    with tf.io.TFRecordWriter(str(path)) as writer:
        for example in _example_rows("train"):
            writer.write(example)


def _example_rows(name: str) -> list[bytes]:
    """Returns the tf.Examples that the example reads: floats from -0.5 to 0.5, and the class."""
    images = _read(f"{name}-images-idx3-ubyte.gz", 16).reshape(-1, 784) / 255.0 - 0.5
    labels = _read(f"{name}-labels-idx1-ubyte.gz", 8)
    return [_example(image, label) for image, label in zip(images, labels, strict=True)]


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
    labels = _read("t10k-labels-idx1-ubyte.gz", 8)
    return float(np.mean(logits.numpy().argmax(axis=1) == labels))


def _read(name: str, header_bytes: int) -> Any:
    return np.frombuffer(gzip.decompress((_DATA / name).read_bytes()), np.uint8)[header_bytes:]


if __name__ == "__main__":
    main()
