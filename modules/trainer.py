"""Trains and exports the model: TFX's Trainer calls `run_fn`."""

import logging
from typing import TYPE_CHECKING

import keras
import tensorflow as tf
import tensorflow_transform as tft

from modules.data_spec import read_data_spec
from modules.distribution.cluster import read_cluster
from modules.distribution.distribution import Distribution
from modules.distribution.launch import train_apart
from modules.distribution.platform_member import ChiefsExport, take_part
from modules.distribution.strategy import make_distribution
from modules.examples import match_files, read_first_images, read_splits
from modules.hyperparameters import Hyperparameters, pick_hyperparameters
from modules.model import build_model
from modules.signatures import export_model
from modules.training.callbacks import FiniteLoss, HistoryFile, ProgressReport
from modules.training.checkpoints import Checkpoints, digest_training
from modules.training.fitting import fit_model
from modules.training.freed_memory import KeepFreedMemory
from modules.training.history import HISTORY_FILE
from modules.training.job import TrainingJob
from modules.training.record import RECORD_FILE, TrainingRecord
from modules.training.reference_predictions import ReferencePredictions, write_reference_predictions
from modules.training.whole_file import write_whole

if TYPE_CHECKING:
    from tfx.components.trainer.fn_args_utils import FnArgs

logger = logging.getLogger(__name__)

_NUM_REFERENCE_IMAGES = 32


def _refuse_num_steps(fn_args: "FnArgs") -> None:
    for name, num_steps in [("TrainArgs", fn_args.train_steps), ("EvalArgs", fn_args.eval_steps)]:
        if num_steps:
            raise ValueError(
                f"{name}: expected no num_steps, received {num_steps}. The length of a training "
                "is set by hyperparameters.epochs, and validation reads its whole split."
            )


def _make_job(fn_args: "FnArgs") -> TrainingJob:
    hyperparameters = Hyperparameters.model_validate(fn_args.custom_config["hyperparameters"])
    data = read_data_spec(fn_args.custom_config)
    tuned = pick_hyperparameters((fn_args.hyperparameters or {}).get("values", {}))
    hyperparameters = hyperparameters.with_values(tuned)
    digest = digest_training(
        files=[
            *match_files(fn_args.train_files),
            *match_files(fn_args.eval_files),
            f"{fn_args.transform_graph_path}/transform_fn/saved_model.pb",
        ],
        hyperparameters=hyperparameters,
        data=data,
        code_digest=fn_args.custom_config.get("code_digest", ""),
    )
    backup_root = fn_args.custom_config.get("backup_root", fn_args.model_run_dir)
    return TrainingJob(
        train_files=fn_args.train_files,
        eval_files=fn_args.eval_files,
        transform_graph_path=fn_args.transform_graph_path,
        model_run_dir=fn_args.model_run_dir,
        checkpoint_dir=f"{backup_root}/{digest}",
        hyperparameters=hyperparameters,
        data=data,
        tuned=tuple(tuned),
    )


def _make_callbacks(
    model_run_dir: str, checkpoints: Checkpoints, *, writes: bool
) -> list[keras.callbacks.Callback]:
    if not writes:
        return [FiniteLoss(), KeepFreedMemory(), *checkpoints.make_callbacks()]
    # In this order: nothing is recorded of an epoch whose loss is not finite, and the state is
    # saved last, when all else about the epoch is on disk.
    return [
        FiniteLoss(),
        KeepFreedMemory(),
        keras.callbacks.TensorBoard(model_run_dir, write_graph=False),
        HistoryFile(
            [checkpoints.history_path, f"{model_run_dir}/{HISTORY_FILE}"],
            rows=checkpoints.read_history(),
        ),
        ProgressReport(),
        *checkpoints.make_callbacks(),
    ]


def _keep_reference_predictions(
    job: TrainingJob, model: keras.Model, transform_output: tft.TFTransformOutput
) -> None:
    """Keeps what the trained model answers, for the check of what is exported from it."""
    images, transformed = read_first_images(
        job.eval_files, transform_output, _NUM_REFERENCE_IMAGES, data=job.data
    )
    # Where the export will be served: a GPU computes with fewer bits by default (TF32).
    with tf.device("/CPU:0"):
        probabilities = tf.nn.softmax(model(transformed, training=False)).numpy()
    write_reference_predictions(job.model_run_dir, ReferencePredictions(images, probabilities))


def run_fn(fn_args: "FnArgs") -> None:
    """Trains on one split, validates on another and exports the weights of the best epoch.

    Best is the highest accuracy on the validation split. A run that was killed goes on after the
    last epoch that it finished, if inputs, hyperparameters and code are still the same.

    A strategy of several processes has them started here. Where a platform has started them, each
    with its TF_CONFIG, each calls this: all train, or serve those that do, and the chief exports.

    Args:
      fn_args: From TFX. Its `custom_config` has `hyperparameters` (those that are missing have
        their default), `data` (a DataSpec, likewise), `code_digest` (of the source of this package)
        and `backup_root` (a directory that outlives the run; without it a killed run starts anew).

    Raises:
      ValueError: A hyperparameter, an input or a number of steps is not as expected.
      RuntimeError: The devices cannot be set up as asked; see modules.distribution.devices.
      ClusterFault: One of several processes was lost or failed; see modules.distribution.launch.
      TimeoutError: The chief, in another process, has exported nothing.
      FloatingPointError: The loss is not finite.
    """
    _refuse_num_steps(fn_args)
    job = _make_job(fn_args)
    cluster = read_cluster()
    if cluster is not None and cluster.size > 1:
        take_part(job, cluster, train, ChiefsExport(fn_args.serving_model_dir))
        if not cluster.is_chief:
            return
    elif cluster is None and job.hyperparameters.trains_apart:
        train_apart(job, train=f"{__name__}:{train.__name__}")
    else:
        train(job, make_distribution(job.hyperparameters))
    _export_best(job, fn_args.serving_model_dir)


def train(job: TrainingJob, distribution: Distribution) -> None:
    """Trains in this process, and leaves state, history and best weights in the job's folders.

    With several processes, each calls this, and the chief alone writes.

    Args:
      job: What to train.
      distribution: The devices to train on, and who else does.

    Raises:
      ValueError: An input is not as expected.
      FloatingPointError: The loss is not finite.
    """
    hyperparameters = job.hyperparameters
    transform_output = tft.TFTransformOutput(job.transform_graph_path)
    splits = read_splits(
        job.train_files,
        job.eval_files,
        transform_output,
        num_classes=job.data.num_classes,
        most_bytes=hyperparameters.cache_bytes,
    )
    checkpoints = Checkpoints(job.checkpoint_dir, writes=distribution.is_chief)
    if checkpoints.epochs_done:
        logger.info("Going on after epoch %d/%d", checkpoints.epochs_done, hyperparameters.epochs)
    fit_model(
        distribution,
        hyperparameters,
        job.data,
        splits,
        callbacks=_make_callbacks(job.model_run_dir, checkpoints, writes=distribution.is_chief),
        first_epoch=checkpoints.epochs_done,
    )
    if distribution.is_chief:
        record = TrainingRecord(
            hyperparameters=hyperparameters.model_dump(),
            replicas=distribution.num_replicas,
            devices=distribution.devices,
            tuned=job.tuned,
            eval_rows=splits.eval.num_rows,
        )
        write_whole(f"{job.model_run_dir}/{RECORD_FILE}", record.model_dump_json().encode())


def _export_best(job: TrainingJob, serving_model_dir: str) -> None:
    """Exports what `train` left; needs no strategy, since the weights are just numbers."""
    checkpoints = Checkpoints(job.checkpoint_dir)
    model = build_model(job.hyperparameters, job.data)
    best_weights = checkpoints.restore_best_weights(model)
    tf.io.gfile.copy(best_weights, f"{job.model_run_dir}/best.weights.h5")
    transform_output = tft.TFTransformOutput(job.transform_graph_path)
    _keep_reference_predictions(job, model, transform_output)
    export_model(model, transform_output, serving_model_dir, data=job.data)
    checkpoints.delete()
