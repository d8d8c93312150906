"""TensorFlow Serving's counter, and one that never stops counting."""

from pathlib import Path

import tensorflow as tf

from support.serving.stock_models.saving import SignatureTensors, make_variable, save_graph, v1


def save_counter(folder: Path) -> Path:
    """Writes a model whose outputs are a reference variable, and returns its folder."""
    with tf.Graph().as_default():
        counter = make_variable(0.0, "counter")
        delta = v1.placeholder(tf.float32, name="delta")
        outputs = {
            "get_counter": counter._ref(),  # noqa: SLF001 - what a signature once named
            "incr_counter": counter.assign_add(1.0),
            "reset_counter": counter.assign(0.0),
        }
        signatures = {
            name: SignatureTensors({}, {"output": tensor}) for name, tensor in outputs.items()
        }
        signatures["incr_counter_by"] = SignatureTensors(
            {"delta": delta}, {"output": counter.assign_add(delta)}
        )
        return save_graph(folder, signatures)


def save_endless(folder: Path) -> Path:
    """Writes a model of which two signatures count for ever, and returns its folder.

    The signature `ticks` says how far they have got, which tells whether one of them runs.
    """
    with tf.Graph().as_default():
        ticks = v1.get_variable(
            "ticks", [], tf.int64, use_resource=True, initializer=v1.zeros_initializer()
        )
        start = v1.placeholder(tf.int64, [None], name="start")

        def count(start: tf.Tensor) -> tf.Tensor:
            (counted,) = tf.while_loop(
                lambda counted: counted >= 0, lambda _: (ticks.assign_add(1),), [start[0]]
            )
            return counted + tf.zeros_like(start)

        signatures = {
            "serving_default": SignatureTensors({"start": start}, {"counted": count(start)}),
            "in_a_function": SignatureTensors(
                {"start": start}, {"counted": tf.function(count)(start)}
            ),
            "ticks": SignatureTensors({}, {"ticks": ticks.read_value()}),
            "quick": SignatureTensors({"start": start}, {"next": start + 1}),
        }
        return save_graph(folder, signatures)
