"""Gathers what TensorBoard shows of runs in a folder of its own (TensorFlow comes with it).

Nothing is written into an artifact that a node has published: what the Trainer logged is copied.
"""

import logging
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import tensorflow as tf
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import Context
from tfx.utils.path_utils import serving_model_path

from components.model_exporter.exporting import SIGNATURE
from components.run_report.content.report import Measurements
from pipeline.config import PipelineConfig
from pipeline.node_ids import TRAINER
from runners.metadata.history import summarize_run
from runners.metadata.records import read_run
from runners.run_report.measurements import find_measurements
from runners.tensorboard.summaries import write_experiment, write_run

_EVENT_FILES = "events.out.tfevents.*"

logger = logging.getLogger(__name__)


class LoggedRun(NamedTuple):
    """A run, and what it logged.

    Attributes:
      name: Its id and the version that it pushed.
      measurements: What followed from its artifacts.
      saved_model: The model that it exported; "" if it did not get as far.
      model_run: Folder of what its Trainer wrote beside the model, or "".
    """

    name: str
    measurements: Measurements
    saved_model: str
    model_run: str


def read_logged_run(store: MetadataStore, config: PipelineConfig, run: Context) -> LoggedRun:
    """Returns a run of the pipeline; `run` is its context, named by the run's id."""
    records = read_run(store, run.name, config.pipeline_name)
    version = summarize_run(store, run, config.pipeline_name).version
    trained = records[TRAINER].outputs if TRAINER in records else {}
    return LoggedRun(
        name=f"{run.name} version {version}" if version else run.name,
        measurements=find_measurements(store, run.name, records, config),
        saved_model=serving_model_path(trained["model"].uri) if "model" in trained else "",
        model_run=trained["model_run"].uri if "model_run" in trained else "",
    )


def gather_runs(runs: Sequence[LoggedRun], folder: Path) -> None:
    """Writes a folder of logs for each run, named as it is.

    Args:
      runs: Which ones; at least one.
      folder: Absent or empty.
    """
    folders = [folder / run.name.replace("/", "_") for run in runs]
    write_experiment([run.measurements for run in runs], folders[0])
    for run, logs in zip(runs, folders, strict=True):
        copied = list(_copy_events(run.model_run, logs)) if run.model_run else []
        write_run(run.measurements, logs, with_curves=not copied)
        if run.saved_model:
            _write_graph(run.saved_model, logs)


def _copy_events(model_run: str, folder: Path) -> Iterator[Path]:
    """Copies what Keras logged: a folder for training, one for validation."""
    try:
        for path in sorted(tf.io.gfile.glob(f"{model_run}/*/{_EVENT_FILES}")):
            part, name = path.split("/")[-2:]
            (folder / part).mkdir(parents=True, exist_ok=True)
            tf.io.gfile.copy(path, str(folder / part / name))
            yield folder / part / name
    except tf.errors.OpError as error:
        logger.warning("%s: what was logged cannot be read: %s", model_run, error)


def _write_graph(saved_model: str, folder: Path) -> None:
    """Writes the exported model's operations; a model that is gone has none, and a warning.

    Keras' own callback writes layers alone, and the page fails over them (Keras 3.15, TensorBoard
    2.21).
    """
    try:
        function = getattr(tf.saved_model.load(saved_model), SIGNATURE)
    except (OSError, ValueError, AttributeError, tf.errors.OpError) as error:
        logger.warning("%s: its graph cannot be read: %s", saved_model, error)
        return
    with tf.summary.create_file_writer(str(folder)).as_default():
        tf.summary.graph(function.concrete_functions[0].graph)
