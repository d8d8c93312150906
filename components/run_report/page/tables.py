"""Puts what a report says into tables of text (no TensorFlow)."""

from collections.abc import Sequence
from typing import NamedTuple

from components.class_names import show_class
from components.run_report.content.data import Data
from components.run_report.content.evaluation import Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.run import Run
from components.run_report.content.search import Search
from components.run_report.content.serving import Serving
from components.run_report.content.training import Training
from modules.tuning.progress import show_value

MAX_MATRIX_CLASSES = 40
"""With more classes, nobody reads the whole confusion matrix."""

MAX_CONFUSED_PAIRS = 100


class Table(NamedTuple):
    """A table whose first column names its rows.

    Attributes:
      title: What it shows.
      header: Names of the columns.
      rows: As many cells each.
      text_columns: So many columns are text; those after them are numbers.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    text_columns: int = 1


def list_splits(data: Data) -> Table:
    """Returns the size of each split, and how much of it is trained on as well."""
    rows = [
        (
            split.name,
            f"{split.rows:,}",
            "" if split.shared_rows is None else f"{split.shared_rows:,}",
        )
        for split in data.splits
    ]
    return Table("Splits", ("split", "examples", "images also in train"), rows)


def list_distances(data: Data) -> Table:
    """Returns every distance that was measured."""
    return Table(
        "Distances between distributions",
        ("feature", "of", "measure", "distance", "at most", "or by chance"),
        [
            (
                each.feature,
                each.where,
                each.measure,
                *map(_fixed, (each.value, each.threshold, each.by_chance)),
            )
            for each in data.distances
        ],
        text_columns=3,
    )


def list_anomalies(data: Data) -> Table:
    """Returns every anomaly."""
    return Table(
        "Anomalies",
        ("feature", "where", "found", "description"),
        [(each.feature, each.where, each.found, each.description) for each in data.anomalies],
        text_columns=4,
    )


def list_epochs(training: Training) -> Table:
    """Returns the metrics of each epoch."""
    by_epoch = zip(*(curve.values for curve in training.curves), strict=True)
    return Table(
        "Metrics of each epoch",
        ("epoch", *(curve.name for curve in training.curves)),
        [(str(epoch), *map(_fixed, values)) for epoch, values in enumerate(by_epoch, start=1)],
    )


def list_hyperparameters(training: Training) -> Table:
    """Returns the settings of the training."""
    rows = [
        (name, f"{value}, chosen by Tuner" if name in training.tuned else str(value))
        for name, value in training.hyperparameters.items()
    ]
    return Table("Hyperparameters", ("name", "value"), rows)


def list_trials(search: Search) -> Table:
    """Returns the values and the score of each trial, the best first."""
    names = list(search.trials[0].values)
    return Table(
        f"Trials, by accuracy on the {search.eval_rows:,} rows of the split eval; 1 has the values "
        "that were in use",
        ("trial", *names, "accuracy", "epochs", "CPU s"),
        [
            (
                str(trial.number),
                *(show_value(trial.values[name]) for name in names),
                "diverged" if trial.score is None else _fixed(trial.score),
                str(trial.epochs),
                f"{trial.cpu_seconds:.0f}",
            )
            for trial in search.trials
        ],
    )


def list_confused(predictions: Predictions, class_names: Sequence[str] = ()) -> Table:
    """Returns the pairs that are confused most, where a matrix of all would be too large."""
    classes = [show_class(each, class_names) for each in predictions.classes]
    pairs = [
        (count, classes[label], classes[answer])
        for label, row in enumerate(predictions.confusion)
        for answer, count in enumerate(row)
        if count and label != answer
    ]
    worst = sorted(pairs, key=lambda pair: -pair[0])[:MAX_CONFUSED_PAIRS]
    return Table(
        f"The {len(worst)} of {len(pairs)} pairs of classes that are confused most",
        ("is", "read as", "examples"),
        [(label, answer, f"{count:,}") for count, label, answer in worst],
        text_columns=2,
    )


def list_buckets(predictions: Predictions) -> Table:
    """Returns how often the model is right, by how sure it is."""
    return Table(
        "Reliability",
        ("mean confidence", "share that is right", "examples"),
        [
            (_fixed(each.confidence), _fixed(each.accuracy), f"{each.rows:,}")
            for each in predictions.reliability
        ],
    )


def list_latencies(serving: Serving) -> Table:
    """Returns the percentiles of the latency, and the bound of one of them."""
    bounds = {"p99": f"{serving.max_p99_latency_ms:g}"}
    return Table(
        "Latency of one image in a process of its own, in ms",
        ("percentile", "ms", "at most"),
        [(name, f"{ms:.2f}", bounds.get(name, "")) for name, ms in serving.latencies_ms.items()],
    )


def list_signatures(serving: Serving) -> Table:
    """Returns the inputs and outputs of each signature."""
    return Table(
        "Signatures",
        ("signature", "direction", "tensor", "type", "shape"),
        [
            (signature.name, direction, tensor.name, tensor.dtype, tensor.shape)
            for signature in serving.signatures
            for direction, tensors in (("input", signature.inputs), ("output", signature.outputs))
            for tensor in tensors
        ],
        text_columns=5,
    )


def list_exports(run: Run) -> Table:
    """Returns what was measured of the model in other formats."""
    return Table(
        "Other formats, against the SavedModel",
        ("format", "size", "agreement", "largest difference", "one image"),
        [
            (
                export.format,
                f"{export.num_bytes / 1e6:.2f} MB",
                _fixed(export.agreement),
                f"{export.max_difference:.1g}",
                f"{export.latency_ms:.2f} ms",
            )
            for export in run.exports
        ],
    )


def list_nodes(run: Run) -> Table:
    """Returns what each node that was reached has cost."""
    reached = [(node, node.seconds) for node in run.nodes if node.seconds is not None]
    return Table(
        f"Nodes: {sum(seconds for _, seconds in reached):.1f} s together",
        ("node", "state", "execution", "time"),
        [
            (node.name, node.state, str(node.execution_id), f"{seconds:.1f} s")
            for node, seconds in reached
        ],
        text_columns=2,
    )


def list_history(run: Run) -> Table:
    """Returns the runs up to this one."""
    return Table(
        "Runs of this pipeline up to this one, the newest first",
        ("run", "started", "end", "time of its nodes", "accuracy"),
        [
            (
                past.run_id,
                past.started,
                past.end,
                f"{past.seconds:.1f} s",
                "" if past.accuracy is None else _fixed(past.accuracy),
            )
            for past in reversed(run.history)
        ],
        text_columns=3,
    )


def list_files(origin: Origin) -> Table:
    """Returns the source files."""
    rows = list(origin.data_files.items())
    return Table("SHA-256 of the source files", ("file", "SHA-256"), rows, text_columns=2)


def list_artifacts(origin: Origin) -> Table:
    """Returns the artifacts' ids."""
    rows = [(name.replace("_", " "), str(number)) for name, number in origin.artifacts.items()]
    return Table("Artifacts in ML Metadata", ("artifact", "id"), rows)


def list_circumstances(origin: Origin) -> Table:
    """Returns by what the model was trained, and by what and where it was measured."""
    rows = [
        ("digest of the code that trained", origin.code_digest or "not known"),
        ("SHA-256 of the installed packages", origin.lock_digest),
        *origin.versions.items(),
        ("machine", origin.machine),
    ]
    title = "The code of the model, and what this report was measured with"
    return Table(title, ("what", "which"), rows, text_columns=2)


def _fixed(value: float) -> str:
    return f"{value:.4f}"
