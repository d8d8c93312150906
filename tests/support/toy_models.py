"""Small SavedModels for tests of the model server."""

from pathlib import Path

import tensorflow as tf


class _HalfPlusTwo(tf.Module):
    """The model of TF Serving's own tutorial, with the signatures that its tests use."""

    def __init__(self, addend: float) -> None:
        super().__init__()
        self.factor = tf.Variable(0.5)
        self.addend = tf.Variable(addend)

    def _parse(self, examples: tf.Tensor) -> tf.Tensor:
        features = {"x": tf.io.FixedLenFeature([1], tf.float32)}
        return tf.io.parse_example(examples, features)["x"]

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="x")])
    def predict(self, x: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"y": x * self.factor + self.addend}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": self._parse(inputs) * self.factor + self.addend}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        scores = self._parse(inputs) * self.factor + self.addend
        scores = tf.concat([scores, -scores], axis=1)
        labels = tf.tile(tf.constant([["more", "less"]]), [tf.shape(scores)[0], 1])
        return {"classes": labels, "scores": scores}


class _Mixer(tf.Module):
    """Several inputs and outputs, of every kind that the API treats in a way of its own."""

    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable([[1.0], [10.0]])

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, 2], tf.float32, name="pair"),
            tf.TensorSpec([None], tf.string, name="name"),
        ]
    )
    def mix(self, pair: tf.Tensor, name: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "total": tf.matmul(pair, self.weights),
            "greeting": tf.strings.join(["hello ", name]),
            "raw_bytes": name,
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float32, name="value")])
    def divide(self, value: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"inverse": 1.0 / value}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="value")])
    def summarize(self, value: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"count": tf.size(value), "highest": tf.reduce_max(value, keepdims=True)}

    @tf.function(
        input_signature=[
            tf.TensorSpec([None, None], tf.uint8, name="small"),
            tf.TensorSpec([None], tf.bool, name="flag"),
            tf.TensorSpec([None], tf.int64, name="large"),
        ]
    )
    def echo(self, small: tf.Tensor, flag: tf.Tensor, large: tf.Tensor) -> dict[str, tf.Tensor]:
        return {
            "small_out": tf.identity(small),
            "flag_out": tf.identity(flag),
            "large_out": tf.identity(large),
        }

    @tf.function(input_signature=[tf.TensorSpec([None], tf.float16, name="value")])
    def half(self, value: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"value_out": value * tf.constant(2, tf.float16)}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def mislabel(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        """Classifies every example with a label that is not UTF-8."""
        return {"classes": tf.fill([tf.size(inputs), 1], b"\xff")}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.int32, name="steps")])
    def work(self, steps: tf.Tensor) -> dict[str, tf.Tensor]:
        """Multiplies matrices for as many steps as it is told: a slow answer on demand."""
        matrix = tf.eye(256)
        for _ in tf.range(tf.reduce_max(steps)):
            matrix = tf.linalg.matmul(matrix, matrix)
        return {"done": tf.cast(steps, tf.float32) * matrix[0, 0]}


def save_half_plus_two(folder: Path, *, addend: float = 2.0) -> Path:
    """Writes a model that answers x / 2 + addend, and returns its folder."""
    module = _HalfPlusTwo(addend)
    tf.saved_model.save(
        module,
        str(folder),
        signatures={
            "serving_default": module.predict,
            "regress_x_to_y": module.regress,
            "classify_x_to_y": module.classify,
        },
    )
    return folder


def save_mixer(folder: Path) -> Path:
    """Writes the model with many inputs and outputs, and returns its folder."""
    module = _Mixer()
    tf.saved_model.save(
        module,
        str(folder),
        signatures={
            "serving_default": module.mix,
            "divide": module.divide,
            "summarize": module.summarize,
            "echo": module.echo,
            "half": module.half,
            "mislabel": module.mislabel,
            "work": module.work,
        },
    )
    return folder
