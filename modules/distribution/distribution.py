"""A tf.distribute strategy, and how a Keras model is made and fitted under it, in even shares."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf


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

    @property
    def devices(self) -> tuple[str, ...]:
        """TensorFlow's names of those devices that this process trains on."""
        return tuple(self.strategy.extended.worker_devices)

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
            _share_batches(training, self.strategy),
            validation_data=_share_batches(validation, self.strategy),
            validation_steps=int(validation.cardinality()),
            initial_epoch=initial_epoch,
            **options,
        )


def _share_batches(
    batches: tf.data.Dataset, strategy: tf.distribute.Strategy
) -> tf.data.Dataset | tf.distribute.DistributedDataset:
    """Cuts each batch into contiguous shares, one for each replica.

    TensorFlow's own sharding splits a last, smaller batch so that some replicas get nothing, on
    which convolutions fail on the CPU. Here shares differ by one row at most.

    Args:
      batches: Batches over all replicas, none with fewer rows than there are replicas. Each process
        gets all of them, in the same order.
      strategy: Whose replicas share.

    Returns:
      The shares, which begin anew at the end; for one replica, the batches as they are.
    """
    num_replicas = strategy.num_replicas_in_sync
    if num_replicas == 1:
        return batches

    def make_shares(context: tf.distribute.InputContext) -> tf.data.Dataset:
        replicas_here = num_replicas // context.num_input_pipelines
        first = context.input_pipeline_id * replicas_here

        def cut(*batch: tf.Tensor) -> tf.data.Dataset:
            def take_share(replica: tf.Tensor) -> tuple[tf.Tensor, ...]:
                num_rows = tf.shape(batch[0], out_type=tf.int64)[0]
                start = num_rows * replica // num_replicas
                stop = num_rows * (replica + 1) // num_replicas
                return tuple(part[start:stop] for part in batch)

            return tf.data.Dataset.range(first, first + replicas_here).map(take_share)

        # Of data that end, replicas would ask each other at each step whether there is more.
        without_end = tf.data.experimental.assert_cardinality(tf.data.INFINITE_CARDINALITY)
        return batches.repeat().flat_map(cut).apply(without_end).prefetch(tf.data.AUTOTUNE)

    return strategy.distribute_datasets_from_function(make_shares)
