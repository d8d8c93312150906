"""Gives each replica its share of every batch: the same rows however many processes there are."""

import tensorflow as tf


def share_batches(
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
