"""Gathers what TensorBoard shows of runs in a folder of its own (TensorFlow comes with it).

Nothing is written into an artifact that a node has published: what the Trainer logged is copied.
"""

import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Artifact, Context
from tfx.utils.path_utils import serving_model_path

from components.model_exporter.exporting import SIGNATURE
from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements
from components.run_report.content.search import Search
from components.run_report.content.training import Training
from pipeline.config import PipelineConfig
from pipeline.node_ids import TRAINER
from runners.failure import cause_of
from runners.metadata.records import read_run
from runners.run_report.file_names import name_file
from runners.run_report.measurements import find_measurements
from runners.run_report.record import find_push
from runners.tensorboard.summaries import (
    TRAIN,
    VALIDATION,
    write_curves,
    write_graph,
    write_run,
    write_trials,
)

_EVENT_FILES = "events.out.tfevents."
_SHOWN = ("training", "evaluation", "predictions", "search")

logger = logging.getLogger(__name__)


class LoggedRun(NamedTuple):
    """A run, and what it logged.

    Attributes:
      name: Its id and the version that it pushed.
      measurements: What followed from its artifacts.
      model: Folder of the artifact that its Trainer exported; "" if it did not get as far.
      model_run: Folder of what its Trainer wrote beside the model, or "".
    """

    name: str
    measurements: Measurements
    model: str
    model_run: str


def read_logged_run(store: MetadataStore, config: PipelineConfig, run: Context) -> LoggedRun:
    """Returns a run of the pipeline; `run` is its context, named by the run's id."""
    records = read_run(store, run.name, config.pipeline_name)
    version, _ = find_push(records)
    trained = records[TRAINER].outputs if TRAINER in records else {}
    return LoggedRun(
        name=f"{run.name} version {version}" if version else run.name,
        measurements=find_measurements(store, run.name, records, config),
        model=_uri_of(trained.get("model")),
        model_run=_uri_of(trained.get("model_run")),
    )


def gather_run(run: LoggedRun, folder: Path) -> list[str]:
    """Writes the logs of a run into a folder that is named as the run is.

    Args:
      run: The run.
      folder: Of all runs.

    Returns:
      Why something of it is not shown, a sentence each.

    Raises:
      OSError: The folder cannot be written.
    """
    logs = folder / name_file(run.name)
    logs.mkdir(parents=True)
    measured = run.measurements
    parts = {name: getattr(measured, name) for name in _SHOWN}
    reasons = [
        f"{name}: {part.reason}" for name, part in parts.items() if isinstance(part, Missing)
    ]
    reasons += _attempt("measurements", lambda: write_run(measured, logs))
    lost = [part for part in (TRAIN, VALIDATION) if not _copy_events(run.model_run, part, logs)]
    if isinstance(measured.training, Training) and lost:
        training = measured.training
        reasons += _attempt("curves", lambda: write_curves(training, logs, lost))
        reasons.append(
            f"what the Trainer logged is not in {run.model_run}: its curves come from the report, "
            "which has no learning rate"
        )
    if isinstance(measured.search, Search):
        search = measured.search
        reasons += _attempt("trials", lambda: write_trials(search, logs))
    if run.model:
        reasons += _attempt("graph", lambda: write_graph(_load_graph(run.model), logs))
    return reasons


def _attempt(what: str, write: Callable[[], None]) -> Iterator[str]:
    """Yields why something cannot be shown, if it cannot."""
    try:
        write()
    except Exception as error:  # of TensorFlow, of a file system, of a file that was damaged
        logger.warning("%s of a run cannot be shown", what, exc_info=True)
        yield f"{what}: {cause_of(error)}"


def _copy_events(model_run: str, part: str, folder: Path) -> bool:
    """Copies what Keras logged of a part; returns whether that is all there."""
    source, copied = f"{model_run}/{part}", 0
    try:
        for name in tf.io.gfile.listdir(source):
            if name.startswith(_EVENT_FILES):
                (folder / part).mkdir(exist_ok=True)
                tf.io.gfile.copy(f"{source}/{name}", str(folder / part / name))
                copied += 1
    except (OSError, tf.errors.OpError):
        logger.warning("%s: what was logged cannot be read", source, exc_info=True)
        return False
    return copied > 0


def _load_graph(model: str) -> tf.Graph:
    """Returns the exported model's operations.

    Keras' own callback writes layers alone, and the page fails over them (Keras 3.15, TensorBoard
    2.21).
    """
    function = getattr(tf.saved_model.load(serving_model_path(model)), SIGNATURE)
    return function.concrete_functions[0].graph


def _uri_of(artifact: Artifact | None) -> str:
    return artifact.uri if artifact else ""
