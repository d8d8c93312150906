"""half_plus_two and half_plus_three, as they are in TensorFlow Serving's test data."""

from pathlib import Path

import tensorflow as tf

from support.serving.stock_models.saving import (
    CLASSIFY,
    REGRESS,
    SignatureTensors,
    make_variable,
    read_saved_model,
    save_graph,
    v1,
    write_saved_model,
)

# Until this version of graphs, a placeholder of shape [] took any shape.
_LAST_PRODUCER_OF_LEGACY_SHAPES = 23
_ZERO = tf.constant([0.0])
_FEATURES = {
    "x": tf.io.FixedLenFeature([1], tf.float32),
    "x2": tf.io.FixedLenFeature([1], tf.float32, default_value=[0.0]),
}


def save_half_plus_two(folder: Path, *, as_text: bool = False) -> Path:
    """Writes the model of TensorFlow 1 and returns its folder.

    Its input is `x`, no placeholder but a tensor in the middle of the graph, that has the shape
    [?, 1] there and in the signature, and is fed with anything.

    Args:
      folder: Where to.
      as_text: Write `saved_model.pbtxt`.
    """
    asset = folder.parent / "foo.txt"
    folder.parent.mkdir(parents=True, exist_ok=True)
    asset.write_text("asset-file-contents")
    with tf.Graph().as_default():
        a, b, c = (
            make_variable(value, name) for name, value in (("a", 0.5), ("b", 2.0), ("c", 3.0))
        )
        examples = v1.placeholder(tf.string, [None], name="tf_example")
        features = v1.parse_example(examples, _FEATURES)
        x = tf.identity(features["x"], name="x")
        x2 = tf.identity(features["x2"], name="x2")
        y, y2, y3 = a * x + b, a * x + c, a * x2 + c
        signatures = {
            "serving_default": SignatureTensors({"x": x}, {"y": y}),
            "regress_x_to_y": SignatureTensors({"inputs": examples}, {"outputs": y}, REGRESS),
            "regress_x_to_y2": SignatureTensors({"inputs": examples}, {"outputs": y2}, REGRESS),
            "regress_x2_to_y3": SignatureTensors({"inputs": x2}, {"outputs": y3}, REGRESS),
            "classify_x_to_y": SignatureTensors({"inputs": examples}, {"scores": y}, CLASSIFY),
            "classify_x2_to_y3": SignatureTensors({"inputs": x2}, {"scores": y3}, CLASSIFY),
        }
        return save_graph(folder, signatures, asset=asset, as_text=as_text)


def save_half_plus_three(folder: Path) -> Path:
    """Writes the oldest of the models and returns its folder.

    Its placeholders have a shape of no dimensions, which meant an unknown one; its signatures have
    no shapes, and say that serialized examples are floats.
    """
    with tf.Graph().as_default():
        a, b = make_variable(0.5, "a"), make_variable(3.0, "b")
        examples = v1.placeholder(tf.string, [None], name="tf_example")
        x = tf.identity(v1.parse_example(examples, {"x": _FEATURES["x"]})["x"], name="x")
        y = tf.add(a * x, b, name="y")
        regression = tf.identity(y)
        save_graph(
            folder,
            {
                "serving_default": SignatureTensors({"x": x}, {"y": y}),
                REGRESS: SignatureTensors({"inputs": examples}, {"outputs": regression}, REGRESS),
            },
        )
    _make_legacy(folder)
    return folder


def _make_legacy(folder: Path) -> None:
    saved_model = read_saved_model(folder)
    (meta_graph,) = saved_model.meta_graphs
    meta_graph.graph_def.versions.producer = _LAST_PRODUCER_OF_LEGACY_SHAPES
    for node in meta_graph.graph_def.node:
        node.attr.pop("_output_shapes", None)
        if node.op == "Placeholder":
            node.attr["shape"].shape.Clear()
    for signature in meta_graph.signature_def.values():
        for info in [*signature.inputs.values(), *signature.outputs.values()]:
            info.ClearField("tensor_shape")
            info.dtype = tf.float32.as_datatype_enum
    write_saved_model(folder, saved_model)


class _HalfPlusTwo(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c = tf.Variable(0.5), tf.Variable(2.0), tf.Variable(3.0)

    @tf.function(input_signature=[tf.TensorSpec([1], tf.float32)])
    def predict(self, x: tf.Tensor = _ZERO) -> dict[str, tf.Tensor]:
        return {"y": self.a * x + self.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def regress(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"outputs": self.a * tf.io.parse_example(inputs, _FEATURES)["x"] + self.b}

    @tf.function(input_signature=[tf.TensorSpec([None], tf.string, name="inputs")])
    def classify(self, inputs: tf.Tensor) -> dict[str, tf.Tensor]:
        return {"scores": self.a * tf.io.parse_example(inputs, _FEATURES)["x"] + self.b}


def save_half_plus_two_of_tf2(folder: Path) -> Path:
    """Writes the model of TensorFlow 2 and returns its folder."""
    module = _HalfPlusTwo()
    signatures = {
        "serving_default": module.predict,
        "regress_x_to_y": module.regress,
        "classify_x_to_y": module.classify,
    }
    tf.saved_model.save(module, str(folder), signatures)
    return folder
