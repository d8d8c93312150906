"""Trains without waiting: workers take steps each for itself, on weights that servers hold."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import keras
import tensorflow as tf

from modules.distribution.cluster import require_cluster
from modules.distribution.distribution import Distribution
from modules.distribution.scheduled_steps import Outcome, ScheduledSteps
from modules.distribution.server import listening_explained
from modules.distribution.watchdog import Watchdog
from modules.hyperparameters import Hyperparameters


class _RateOfStep:
    """The learning rate, which each step is given with its number.

    An optimizer would take it from the number of its updates. Each worker reads that number and
    writes the next one: when two do so at once, one update is not counted.
    """

    def __init__(self, schedule: keras.Optimizer) -> None:
        """Takes an optimizer that updates nothing, for the rate that it would use at a step."""
        self._schedule = schedule
        self._given: tf.Tensor | None = None

    def __call__(self) -> tf.Tensor:
        """Returns what the step that is traced is given; outside of one, what was last asked."""
        return self._schedule.learning_rate if self._given is None else self._given

    def at(self, number: int) -> tf.Tensor:
        """Returns the rate of a step, counted from 0 over all epochs."""
        self._schedule.iterations.assign(number)
        return tf.convert_to_tensor(self._schedule.learning_rate)

    @contextmanager
    def given(self, rate: tf.Tensor) -> Iterator[None]:
        """Has this be the rate within the block."""
        self._given = rate
        try:
            yield
        finally:
            self._given = None


class _ParameterServer(Distribution):
    """The chief's view: it says what is to be done, and takes no step itself.

    A step is one worker's batch of `batch_size_per_replica`: `num_replicas` is 1.
    """

    def __init__(
        self,
        strategy: tf.distribute.ParameterServerStrategy,
        *,
        num_workers: int,
        timeout_seconds: float,
    ) -> None:
        super().__init__(strategy)
        self._watchdog = Watchdog(timeout_seconds)
        self._watchdog.expect("while it read its data")
        self._steps = ScheduledSteps(strategy, num_workers=num_workers, watchdog=self._watchdog)

    def make_model(
        self, build: Callable[[], keras.Model], compile_: Callable[[keras.Model], None]
    ) -> keras.Model:
        """Makes a model whose variables the servers hold, and one of the chief's own to validate.

        BatchNormalization takes the moments of its worker's batch alone. All workers move the same
        statistics, each from what it has read: what another one wrote meanwhile is lost.
        """
        self._watchdog.expect("before the servers had made the model")
        with self.strategy.scope():
            model = build()
            compile_(model)
            # Else there would be no variables when callbacks restore what they held.
            model.optimizer.build(model.trainable_variables)
        self._watchdog.expect("before it had found the state to go on from")
        self._own_model = build()
        compile_(self._own_model)
        self._rate = _RateOfStep(self._own_model.optimizer)
        model.optimizer.learning_rate = self._rate
        return model

    def fit(  # noqa: PLR0913 - those of Keras
        self,
        model: keras.Model,
        training: tf.data.Dataset,
        validation: tf.data.Dataset,
        *,
        epochs: int = 1,
        initial_epoch: int = 0,
        steps_per_epoch: int = 1,
        callbacks: Sequence[keras.callbacks.Callback] = (),
        **_: Any,
    ) -> None:
        """Fits a model of `make_model`; no step is under way when an epoch ends.

        Of n workers, the first takes batches 1, n + 1, 2n + 1 ... of the dataset, the next one the
        batches behind those, each as fast as it can. An epoch is a number of steps: a slow worker
        has fewer of its batches behind it than a fast one. Which weights a step begins with, and
        whose update comes first, depends on time alone: with several workers, no two trainings are
        the same. With one, this is the training of one device.

        Args:
          model: The model.
          training: One worker's batches, without end.
          validation: Batches for the chief, which takes all of them.
          epochs: As for Keras' `fit`, and so are those that follow.
          initial_epoch: The epoch to begin with.
          steps_per_epoch: Steps in one epoch, of all workers together.
          callbacks: They see the steps in the order in which they were scheduled.
          **_: What says nothing here.

        Raises:
          UnavailableError: A parameter server is lost.
        """
        batches = self._steps.part_batches(training)
        step = self._make_step(model)
        told = keras.callbacks.CallbackList(
            callbacks, model=model, epochs=epochs, steps=steps_per_epoch, verbose=0
        )
        told.on_train_begin()
        for epoch in range(initial_epoch, epochs):
            told.on_epoch_begin(epoch)
            first = epoch * steps_per_epoch
            arguments = (
                (batches, self._rate.at(number)) for number in range(first, first + steps_per_epoch)
            )
            self._watchdog.expect(f"before the first step of epoch {epoch + 1}")
            with _loss_of_server_explained(epoch):
                logs: dict[str, float] = {}
                for index, logs in enumerate(self._average(self._steps.take(step, arguments))):
                    told.on_train_batch_begin(index)
                    told.on_train_batch_end(index, logs)
                    self._watchdog.expect(f"after step {index + 1} of epoch {epoch + 1}")
                self._own_model.set_weights(model.get_weights())
                self._watchdog.rest()
            logs = {**logs, **self._validate(validation)}
            self._watchdog.expect(f"at the end of epoch {epoch + 1}")
            told.on_epoch_end(epoch, logs)
            self._watchdog.rest()
        told.on_train_end()

    def _make_step(self, model: keras.Model) -> Callable[..., Outcome]:
        def learn(images: tf.Tensor, labels: tf.Tensor) -> Outcome:
            with tf.GradientTape() as tape:
                logits = model(images, training=True)
                loss = model.compute_loss(images, labels, logits, training=True)
            variables = model.trainable_variables
            model.optimizer.apply(tape.gradient(loss, variables), variables)
            return Outcome(loss, labels, logits)

        def step(batches: Iterator[Any], rate: tf.Tensor) -> Outcome:
            with self._rate.given(rate):
                return self.strategy.run(learn, args=next(batches))

        return tf.function(step)

    def _average(self, outcomes: Iterator[Outcome]) -> Iterator[dict[str, float]]:
        """Yields after each step the means over the epoch so far, as Keras' fit has them."""
        model = self._own_model
        model.reset_metrics()
        loss = keras.metrics.Mean()
        for outcome in outcomes:
            loss.update_state(outcome.loss)
            means = model.compute_metrics(None, outcome.labels, outcome.logits)
            yield {
                **{name: float(mean) for name, mean in means.items()},
                "loss": float(loss.result()),
            }

    def _validate(self, validation: tf.data.Dataset) -> dict[str, float]:
        logs = self._own_model.evaluate(validation, return_dict=True, verbose=0)
        return {f"val_{name}": value for name, value in logs.items()}


def make_parameter_server(hyperparameters: Hyperparameters) -> Distribution:
    """Makes the strategy in the chief; must be TensorFlow's first operation in the process.

    Who the others are stands in TF_CONFIG. It returns when all are there, and waits without a
    bound for one that is not.

    Raises:
      ValueError: TF_CONFIG is missing, is none, has other numbers of processes than the settings,
        or is that of another process than the chief.
      OSError: This process cannot listen on its address.
    """
    cluster = require_cluster()
    counts = {task: len(each) for task, each in cluster.addresses.items()}
    if not cluster.is_chief or counts != hyperparameters.tasks:
        raise ValueError(
            f"TF_CONFIG: expected this process to be the chief of {hyperparameters.tasks}, by "
            f"training.workers and training.parameter_servers, received {cluster.name} of {counts}."
        )
    resolver = tf.distribute.cluster_resolver.TFConfigClusterResolver(rpc_layer="grpc")
    with listening_explained(cluster):
        strategy = tf.distribute.ParameterServerStrategy(resolver)
    return _ParameterServer(
        strategy,
        num_workers=len(cluster.workers),
        timeout_seconds=hyperparameters.worker_timeout_seconds,
    )


@contextmanager
def _loss_of_server_explained(epochs_done: int) -> Iterator[None]:
    try:
        yield
    except tf.errors.UnavailableError as error:
        raise tf.errors.UnavailableError(
            None,
            None,
            "A parameter server no longer answers, and its weights are lost: what was learned "
            f"since the end of epoch {epochs_done} has to be learned again, and will not be quite "
            "the same, since updates come in no order.",
        ) from error
