"""What a training needs, small: a transform graph made by tf.Transform and the Trainer's FnArgs."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import apache_beam as beam
import keras
import numpy as np
import tensorflow as tf
import tensorflow_data_validation as tfdv
import tensorflow_transform.beam as tft_beam
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from tensorflow_transform.tf_metadata import dataset_metadata
from tfx.components.trainer.fn_args_utils import FnArgs

from modules import features
from modules.data_spec import DataSpec
from modules.hyperparameters import Hyperparameters
from modules.model import build_model
from modules.trainer import run_fn
from modules.training.job import TrainingJob
from support.project import PROJECT

SCHEMA_PATH = PROJECT / "data" / "schema" / "schema.pbtxt"
SMALL = {
    "epochs": 2,
    "batch_size_per_replica": 16,
    "filters": 2,
    "learning_rate": 0.01,
    "restarts": 0,  # else what goes wrong once would be made good unseen
}

_RAW_ROW = {
    features.IMAGE_KEY: [bytes(784)],
    features.LABEL_KEY: [0],
    features.HEIGHT_KEY: [28],
    features.WIDTH_KEY: [28],
    features.MEAN_INTENSITY_KEY: [0.0],
    features.INK_FRACTION_KEY: [0.0],
}


def write_transform_graph(preprocessing_fn: Callable[..., Any], folder: Path) -> Path:
    """Has tf.Transform write the graph of `preprocessing_fn` for the project's own schema."""
    metadata = dataset_metadata.DatasetMetadata(tfdv.load_schema_text(str(SCHEMA_PATH)))
    with (
        beam.Pipeline(runner=FnApiRunner()) as pipeline,
        tft_beam.Context(temp_dir=str(folder / "temporary")),
    ):
        rows = pipeline | beam.Create([_RAW_ROW])
        transform_fn = (rows, metadata) | tft_beam.AnalyzeDataset(preprocessing_fn)
        _ = transform_fn | tft_beam.WriteTransformFn(str(folder))
        _ = metadata | tft_beam.WriteMetadata(str(folder / "metadata"), pipeline)
    return folder


class Inputs(NamedTuple):
    """Where the inputs of a training are."""

    examples: Path
    transform_graph: Path


class Training:
    """One training in a folder of its own; the backup outlives it if `backup` names a place."""

    def __init__(
        self, inputs: Inputs, folder: Path, *, backup: Path | None = None, **hyperparameters: object
    ) -> None:
        self.folder = folder
        self.backup = backup or folder / "backup"
        self.serving_model_dir = folder / "model" / "Format-Serving"
        self.model_run_dir = folder / "model_run"
        self.hyperparameters = Hyperparameters.model_validate({**SMALL, **hyperparameters})
        self.arguments = {
            "train_files": [f"{inputs.examples}/Split-train/*"],
            "eval_files": [f"{inputs.examples}/Split-eval/*"],
            "transform_graph_path": str(inputs.transform_graph),
            "serving_model_dir": str(self.serving_model_dir),
            "model_run_dir": str(self.model_run_dir),
            "custom_config": {
                "hyperparameters": self.hyperparameters.model_dump(),
                "code_digest": "of the test",
                "backup_root": str(self.backup),
            },
        }

    def run(self, **changes: object) -> "Training":
        """Runs here, with some of the arguments changed."""
        self.make_folders()
        run_fn(FnArgs(**{**self.arguments, **changes}))
        return self

    def run_apart(self, set_up: str = "") -> subprocess.CompletedProcess[str]:
        """Runs in a process of its own, after the statements in `set_up`."""
        self.make_folders()
        return subprocess.run(
            self.command_apart(set_up), capture_output=True, text=True, check=False
        )

    def command_apart(self, set_up: str = "") -> list[str]:
        """Returns the command of `run_apart`, once the folders are there."""
        program = (
            "import json, sys\n"
            "from tfx.components.trainer.fn_args_utils import FnArgs\n"
            "from modules.trainer import run_fn\n"
            f"{set_up}\n"
            "run_fn(FnArgs(**json.loads(sys.argv[1])))\n"
        )
        return [sys.executable, "-c", program, json.dumps(self.arguments)]

    @property
    def job(self) -> TrainingJob:
        """What `run_fn` hands on to whoever trains, with a state that stays."""
        return TrainingJob(
            **{name: self.arguments[name] for name in ("train_files", "eval_files")},
            transform_graph_path=self.arguments["transform_graph_path"],
            model_run_dir=str(self.model_run_dir),
            checkpoint_dir=str(self.folder / "state"),
            hyperparameters=self.hyperparameters,
        )

    @property
    def history(self) -> list[dict[str, float]]:
        return json.loads((self.model_run_dir / "history.json").read_text())

    @property
    def weights(self) -> list[np.ndarray]:
        """The best weights, in the model's order."""
        model = build_model(self.hyperparameters, DataSpec())
        model.load_weights(self.model_run_dir / "best.weights.h5")
        return model.get_weights()

    @property
    def model(self) -> keras.Model:
        model = build_model(self.hyperparameters, DataSpec())
        model.set_weights(self.weights)
        return model

    def write_job(self) -> str:
        """Makes the folders, and writes the job into one of them."""
        self.make_folders()
        path = f"{self.folder}/job.json"
        self.job.write(path)
        return path

    def make_folders(self) -> None:
        """Makes what TFX makes before it calls run_fn."""
        self.serving_model_dir.parent.mkdir(parents=True, exist_ok=True)
        self.model_run_dir.mkdir()


def serialize_example(**values: object) -> bytes:
    """Returns a tf.Example with the given features: bytes or int."""
    example = tf.train.Example()
    for key, value in values.items():
        feature = example.features.feature[key]
        if isinstance(value, bytes):
            feature.bytes_list.value.append(value)
        else:
            feature.int64_list.value.append(value)
    return example.SerializeToString()
