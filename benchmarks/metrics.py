"""What metrics in `thresholds.metrics` cost: CPU seconds to evaluate 10,000 rows of ten classes.

    .venv/bin/python -m benchmarks.metrics [--repetitions 3]

The predictions are random, and the same every time; they come in batches as large as TFX's largest.
Each evaluation has a process of its own, in which all is imported and nothing has run; imports and
the model are not counted. A repetition takes about five minutes of CPU.
"""

import os
import platform
import tempfile
import time
from collections import defaultdict
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from typing import Any

import apache_beam as beam
import click
import numpy as np
import pyarrow as pa
import tensorflow_model_analysis as tfma
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils.config_util import update_eval_config_with_defaults

from modules.data_spec import MNIST
from modules.features import LABEL_KEY, PROBABILITIES_KEY
from pipeline.config import Thresholds
from pipeline.evaluation import make_eval_config

_NUM_BATCHES, _ROWS_PER_BATCH = 10, 1000
_CLASSES = tuple(range(MNIST.num_classes))
_CERTAINTY = 4.0  # in logits: 98 % of the answers are right
_WISHES: dict[str, list[dict[str, Any]]] = {
    "none": [],
    "`F1Score`, `average: macro`": [{"metric": "F1Score", "average": "macro"}],
    "`Precision` and `Recall`, `each_class`": [
        {"metric": "Precision", "each_class": True},
        {"metric": "Recall", "each_class": True},
    ],
    "`SparseTopKCategoricalAccuracy`": [{"metric": "SparseTopKCategoricalAccuracy", "top_k": 3}],
    "`ExpectedCalibrationError`": [{"metric": "ExpectedCalibrationError"}],
    "`AUC`, `average: micro`": [{"metric": "AUC", "average": "micro"}],
    "`AUC`, `average: macro`": [{"metric": "AUC", "average": "macro"}],
    "`AUC`, `each_class`": [{"metric": "AUC", "each_class": True}],
}
_BINARIZED = "(TFMA's own `F1Score`, macro average)"
_SEPARATE = "(none, each of Keras and TFMA by itself)"
_THEIRS = {"AnswersPlot": "MultiClassConfusionMatrixPlot", "RowCount": "ExampleCount"}


@click.command()
@click.option(
    "--repetitions",
    type=click.IntRange(1),
    default=3,
    show_default=True,
    help="Of each evaluation.",
)
def main(repetitions: int) -> None:
    """Evaluate the same predictions by each wish, and print a Markdown table."""
    configs = _list_configs()
    seconds: dict[str, list[float]] = defaultdict(list)
    with ProcessPoolExecutor(1, get_context("spawn"), max_tasks_per_child=1) as processes:
        for _ in range(repetitions):  # in turns, so that a busy minute meets no wish alone
            for wish, eval_config in configs.items():
                seconds[wish].append(processes.submit(_evaluate, eval_config).result())
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| `thresholds.metrics` | least s | most s |")
    print("|---|---|---|")
    for wish, measured in seconds.items():
        print(f"| {wish} | {min(measured):.1f} | {max(measured):.1f} |")


def _list_configs() -> dict[str, config_pb2.EvalConfig]:
    """Returns what is evaluated, by its name in the table."""
    configs = {
        wish: make_eval_config(Thresholds.model_validate({"metrics": metrics}), _CLASSES)
        for wish, metrics in _WISHES.items()
    }
    configs[_SEPARATE] = make_eval_config(Thresholds(), _CLASSES)
    for metric in configs[_SEPARATE].metrics_specs[0].metrics:
        metric.class_name = _THEIRS.get(metric.class_name, metric.class_name)
        metric.module = ""
    configs[_BINARIZED] = make_eval_config(Thresholds(), _CLASSES)
    binarized = configs[_BINARIZED].metrics_specs.add()
    binarized.metrics.add(class_name="F1Score")
    binarized.aggregate.macro_average = True
    binarized.aggregate.class_weights.update(dict.fromkeys(_CLASSES, 1.0))
    return configs


def _evaluate(eval_config: config_pb2.EvalConfig) -> float:
    """Evaluates as TFX's Evaluator does; returns the CPU seconds of that."""
    eval_config = update_eval_config_with_defaults(
        eval_config, has_baseline=False, rubber_stamp=True
    )
    started = time.process_time()
    with tempfile.TemporaryDirectory() as folder, beam.Pipeline(runner=FnApiRunner()) as pipeline:
        _ = (
            pipeline
            | beam.Create(range(_NUM_BATCHES))
            | beam.Map(_predict)
            | tfma.ExtractEvaluateAndWriteResults(eval_config=eval_config, output_path=folder)
        )
    return time.process_time() - started


def _predict(seed: int) -> pa.RecordBatch:
    """Returns labels and probabilities as they would come out of a model."""
    generator = np.random.default_rng(seed)
    labels = generator.integers(len(_CLASSES), size=_ROWS_PER_BATCH)
    logits = generator.normal(size=(_ROWS_PER_BATCH, len(_CLASSES)))
    logits[np.arange(_ROWS_PER_BATCH), labels] += _CERTAINTY
    scores = np.exp(logits)
    probabilities = (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)
    return pa.RecordBatch.from_pydict(
        {LABEL_KEY: list(labels.reshape(-1, 1)), PROBABILITIES_KEY: list(probabilities)}
    )


if __name__ == "__main__":
    main()
