"""Makes a model and fits it to examples, whoever asks for it."""

from collections.abc import Sequence

import keras

from modules.batches import count_steps, make_evaluation_batches, make_training_batches
from modules.data_spec import DataSpec
from modules.distribution.distribution import Distribution
from modules.examples import Splits
from modules.hyperparameters import Hyperparameters
from modules.model import build_model, compile_model


def fit_model(
    distribution: Distribution,
    hyperparameters: Hyperparameters,
    data: DataSpec,
    splits: Splits,
    *,
    callbacks: Sequence[keras.callbacks.Callback],
    first_epoch: int = 0,
) -> None:
    """Trains from the seed alone: the same arguments give the same weights.

    Args:
      distribution: The devices to train on, and who else does.
      hyperparameters: All of them.
      data: What the images and classes are.
      splits: What to train and validate on.
      callbacks: For Keras' `fit`; what restores a state is among them.
      first_epoch: The epoch to begin with, from 0.

    Raises:
      ValueError: There are too few examples.
      FloatingPointError: The loss is not finite, if `FiniteLoss` is among the callbacks.
    """
    num_replicas = distribution.num_replicas
    batch_size = hyperparameters.batch_size_per_replica * num_replicas
    steps_per_epoch = count_steps(splits.train, batch_size=batch_size)
    keras.utils.set_random_seed(hyperparameters.seed)
    model = distribution.make_model(
        lambda: build_model(hyperparameters, data),
        lambda model: compile_model(
            model, hyperparameters, steps_per_epoch=steps_per_epoch, num_replicas=num_replicas
        ),
    )
    distribution.fit(
        model,
        make_training_batches(
            splits.train, hyperparameters, batch_size=batch_size, first_epoch=first_epoch
        ),
        make_evaluation_batches(splits.eval, num_replicas=num_replicas),
        epochs=hyperparameters.epochs,
        initial_epoch=first_epoch,
        steps_per_epoch=steps_per_epoch,
        callbacks=callbacks,
        shuffle=False,  # the batches come shuffled
        verbose=0,
    )
