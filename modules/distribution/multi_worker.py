"""Trains on the devices of several processes, which may be on as many machines."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from modules.distribution.cluster import require_cluster
from modules.distribution.devices import log_devices, take_share_of_gpus
from modules.distribution.distribution import Distribution
from modules.distribution.server import listening_explained
from modules.distribution.watchdog import Watchdog
from modules.hyperparameters import Hyperparameters


class _MultiWorkerModel(keras.Model):
    """A model that Keras 3.15 can fit on several workers (keras-team/keras#20585).

    Keras takes the mean of metrics over the workers along a first axis, which a scalar has not:
    here each is a vector of one value, that of all workers already. And Keras builds a model that
    was made within a strategy's scope from its first batch, which fails: this one is made outside,
    and told the strategy.
    """

    def __init__(self, network: keras.Model, strategy: tf.distribute.Strategy) -> None:
        super().__init__(network.inputs, network.outputs, name=network.name)
        self._strategy_of_workers = strategy

    @property
    def distribute_strategy(self) -> tf.distribute.Strategy:
        return self._strategy_of_workers

    def train_step(self, data: Any) -> dict[str, tf.Tensor]:
        return _as_vectors(super().train_step(data))

    def test_step(self, data: Any) -> dict[str, tf.Tensor]:
        return _as_vectors(super().test_step(data))


class _Steps(keras.callbacks.Callback):
    """Tells the watchdog of all that goes on in `fit`."""

    def __init__(self, watchdog: Watchdog) -> None:
        super().__init__()
        self._watchdog = watchdog
        self._epoch = 0

    def on_train_begin(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - Keras passes it by name
        self._watchdog.expect("before the first step")

    def on_epoch_begin(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._epoch = epoch + 1

    def on_train_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.expect(f"in step {batch + 1} of epoch {self._epoch}")

    def on_train_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.expect(f"after step {batch + 1} of epoch {self._epoch}")

    def on_test_batch_begin(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.expect(f"in validation step {batch + 1} of epoch {self._epoch}")

    def on_test_batch_end(self, batch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.expect(f"after validation step {batch + 1} of epoch {self._epoch}")

    def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.expect(f"at the end of epoch {self._epoch}")

    def on_train_end(self, logs: dict[str, float] | None = None) -> None:  # noqa: ARG002 - as above
        self._watchdog.rest()


class _MultiWorkerMirrored(Distribution):
    def __init__(
        self,
        strategy: tf.distribute.MultiWorkerMirroredStrategy,
        *,
        is_chief: bool,
        timeout_seconds: float,
    ) -> None:
        super().__init__(strategy, is_chief=is_chief)
        self._watchdog = Watchdog(timeout_seconds)
        self._watchdog.expect("while it read its data")

    def make_model(
        self, build: Callable[[], keras.Model], compile_: Callable[[keras.Model], None]
    ) -> keras.Model:
        """Makes a model whose variables are the same on all workers."""
        self._watchdog.expect("before all had read their data and made the model")
        with self.strategy.scope():
            network = build()
        model = _MultiWorkerModel(network, self.strategy)
        with self.strategy.scope():
            compile_(model)
            # Else there would be no variables when callbacks restore what they held.
            model.optimizer.build(model.trainable_variables)
        self._watchdog.expect("before it had found the state to go on from")
        return model

    def fit(
        self,
        model: keras.Model,
        training: tf.data.Dataset,
        validation: tf.data.Dataset,
        *,
        initial_epoch: int = 0,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **options: Any,
    ) -> None:
        """Fits, once all workers have found the same state to begin with."""
        self._watchdog.expect("before all had found the state to go on from")
        own = self.strategy.run(lambda: tf.constant([initial_epoch]))
        found = self.strategy.gather(own, axis=0).numpy().tolist()
        if len(set(found)) > 1:
            raise OSError(
                "Expected all workers to go on after the same epoch, but they found the states of "
                f"epochs {found}. Is the pipeline root on storage that all of them share?"
            )
        super().fit(
            model,
            training,
            validation,
            initial_epoch=initial_epoch,
            callbacks=[_Steps(self._watchdog), *callbacks],
            **options,
        )


def make_multi_worker_mirrored(hyperparameters: Hyperparameters) -> Distribution:
    """Makes the strategy together with all other workers; must be TensorFlow's first operation.

    Who they are stands in TF_CONFIG; the first of them is the chief. It returns when all are there,
    and waits without a bound for one that is not: see `start_limit`.

    Raises:
      ValueError: TF_CONFIG is missing, is none, or names another number of workers.
      OSError: This process cannot listen on its address.
    """
    cluster = require_cluster()
    if len(cluster.workers) != hyperparameters.workers:
        raise ValueError(
            f"TF_CONFIG: expected the {hyperparameters.workers} workers of training.workers, "
            f"received {len(cluster.workers)}: {', '.join(cluster.workers)}."
        )
    take_share_of_gpus(*cluster.rank_on_machine)
    with listening_explained(cluster):
        strategy = tf.distribute.MultiWorkerMirroredStrategy()
    log_devices(strategy.extended.worker_devices, hide_gpus=hyperparameters.hide_gpus)
    return _MultiWorkerMirrored(
        strategy,
        is_chief=cluster.is_chief,
        timeout_seconds=hyperparameters.worker_timeout_seconds,
    )


def _as_vectors(logs: dict[str, tf.Tensor]) -> dict[str, tf.Tensor]:
    return {name: tf.reshape(value, [1]) for name, value in logs.items()}
