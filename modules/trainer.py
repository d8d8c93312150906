"""Trains and exports the model: TFX's Trainer calls `run_fn`."""

import logging
from typing import TYPE_CHECKING

import keras
import tensorflow as tf
import tensorflow_transform as tft

from modules.dataset import (
    count_steps,
    make_evaluation_batches,
    make_training_batches,
    match_files,
    read_examples,
    read_raw_images,
)
from modules.distribution.strategy import make_strategy
from modules.hyperparameters import Hyperparameters
from modules.model import build_model, compile_model
from modules.signatures import export_model
from modules.training.callbacks import FiniteLoss, HistoryFile, ProgressReport
from modules.training.checkpoints import Checkpoints, digest_training
from modules.training.freed_memory import KeepFreedMemory
from modules.training.reference_predictions import ReferencePredictions, write_reference_predictions

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


def _open_checkpoints(fn_args: "FnArgs", hyperparameters: Hyperparameters) -> Checkpoints:
    digest = digest_training(
        files=[
            *match_files(fn_args.train_files),
            *match_files(fn_args.eval_files),
            f"{fn_args.transform_graph_path}/transform_fn/saved_model.pb",
        ],
        hyperparameters=hyperparameters,
        code_digest=fn_args.custom_config.get("code_digest", ""),
    )
    backup_root = fn_args.custom_config.get("backup_root", fn_args.model_run_dir)
    checkpoints = Checkpoints(f"{backup_root}/{digest}")
    if checkpoints.epochs_done:
        logger.info("Going on after epoch %d/%d", checkpoints.epochs_done, hyperparameters.epochs)
    return checkpoints


def _make_callbacks(model_run_dir: str, checkpoints: Checkpoints) -> list[keras.callbacks.Callback]:
    # In this order: nothing is recorded of an epoch whose loss is not finite, and the state is
    # saved last, when all else about the epoch is on disk.
    return [
        FiniteLoss(),
        KeepFreedMemory(),
        keras.callbacks.TensorBoard(model_run_dir, write_graph=False),
        HistoryFile(
            [checkpoints.history_path, f"{model_run_dir}/history.json"],
            rows=checkpoints.read_history(),
        ),
        ProgressReport(),
        *checkpoints.make_callbacks(),
    ]


def _keep_reference_predictions(
    fn_args: "FnArgs", model: keras.Model, eval_examples: tf.data.Dataset
) -> None:
    """Keeps what the trained model answers, for the check of what is exported from it."""
    images = read_raw_images(fn_args.eval_files, _NUM_REFERENCE_IMAGES)
    transformed, _ = next(iter(eval_examples.batch(len(images))))
    # Where the export will be served: a GPU computes with fewer bits by default (TF32).
    with tf.device("/CPU:0"):
        probabilities = tf.nn.softmax(model(transformed, training=False)).numpy()
    write_reference_predictions(fn_args.model_run_dir, ReferencePredictions(images, probabilities))


def run_fn(fn_args: "FnArgs") -> None:
    """Trains on one split, validates on another and exports the weights of the best epoch.

    Best is the highest accuracy on the validation split. A run that was killed goes on after the
    last epoch that it finished, if inputs, hyperparameters and code are still the same.

    Args:
      fn_args: From TFX. Its `custom_config` has `hyperparameters` (those that differ from the
        defaults), `code_digest` (of the source of this package) and `backup_root` (a directory
        that outlives the run; without it a killed run starts anew).

    Raises:
      ValueError: A hyperparameter, an input or a number of steps is not as expected.
      RuntimeError: The devices cannot be set up as asked; see modules.distribution.devices.
      FloatingPointError: The loss is not finite.
    """
    _refuse_num_steps(fn_args)
    hyperparameters = Hyperparameters.model_validate(fn_args.custom_config["hyperparameters"])
    strategy = make_strategy(
        logical_cpus=hyperparameters.logical_cpus, hide_gpus=hyperparameters.hide_gpus
    )
    batch_size = hyperparameters.batch_size_per_replica * strategy.num_replicas_in_sync
    keras.utils.set_random_seed(hyperparameters.seed)

    transform_output = tft.TFTransformOutput(fn_args.transform_graph_path)
    num_classes = hyperparameters.num_classes
    train_examples = read_examples(fn_args.train_files, transform_output, num_classes=num_classes)
    eval_examples = read_examples(fn_args.eval_files, transform_output, num_classes=num_classes)
    steps_per_epoch = count_steps(train_examples, batch_size=batch_size)

    with strategy.scope():
        model = build_model(hyperparameters)
        compile_model(model, hyperparameters, steps_per_epoch=steps_per_epoch)
    checkpoints = _open_checkpoints(fn_args, hyperparameters)
    model.fit(
        make_training_batches(
            train_examples,
            hyperparameters,
            batch_size=batch_size,
            first_epoch=checkpoints.epochs_done,
        ),
        epochs=hyperparameters.epochs,
        initial_epoch=checkpoints.epochs_done,
        steps_per_epoch=steps_per_epoch,
        validation_data=make_evaluation_batches(
            eval_examples, num_replicas=strategy.num_replicas_in_sync
        ),
        callbacks=_make_callbacks(fn_args.model_run_dir, checkpoints),
        shuffle=False,  # the batches come shuffled
        verbose=0,
    )

    best_weights = checkpoints.restore_best_weights(model)
    tf.io.gfile.copy(best_weights, f"{fn_args.model_run_dir}/best.weights.h5")
    _keep_reference_predictions(fn_args, model, eval_examples)
    export_model(model, transform_output, fn_args.serving_model_dir)
    checkpoints.delete()
