"""A tf.distribute strategy, and how a Keras model is made and fitted under it."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from modules.distribution.shares import share_batches


class Distribution:
    """How one model is trained on several devices that take a step together.

    Attributes:
      strategy: TensorFlow's strategy.
      is_chief: Whether this process is the one that writes what the training leaves behind.
    """

    def __init__(self, strategy: tf.distribute.Strategy, *, is_chief: bool = True) -> None:
        """Takes the strategy, and whether this process writes."""
        self.strategy = strategy
        self.is_chief = is_chief

    @property
    def num_replicas(self) -> int:
        """How many devices share a batch."""
        return int(self.strategy.num_replicas_in_sync)

    def make_model(
        self, build: Callable[[], keras.Model], compile_: Callable[[keras.Model], None]
    ) -> keras.Model:
        """Makes a model whose variables live as the strategy wants them.

        Args:
          build: Returns a functional model with one input and one output.
          compile_: Compiles it.
        """
        with self.strategy.scope():
            model = build()
            compile_(model)
        return model

    def fit(
        self,
        model: keras.Model,
        training: tf.data.Dataset,
        validation: tf.data.Dataset,
        *,
        initial_epoch: int = 0,
        **options: Any,
    ) -> None:
        """Fits a model of `make_model`.

        Args:
          model: The model.
          training: Batches over all devices, without end.
          validation: Batches over all devices; none has fewer rows than there are devices.
          initial_epoch: The epoch to begin with, from 0.
          **options: For Keras' `fit`.
        """
        model.fit(
            share_batches(training, self.strategy),
            validation_data=share_batches(validation, self.strategy),
            validation_steps=int(validation.cardinality()),
            initial_epoch=initial_epoch,
            **options,
        )
