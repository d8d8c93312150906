"""Models whose tensors are of any type and any shape."""

from pathlib import Path

import tensorflow as tf

from support.serving.stock_models.saving import (
    SignatureTensors,
    read_saved_model,
    save_graph,
    v1,
    write_saved_model,
)

# Of one byte or less, and most of them without a name in `tf`.
TINY_DTYPES = [
    tf.as_dtype(name)
    for name in (
        *("float8_e5m2", "float8_e4m3fn", "float8_e4m3fnuz", "float8_e4m3b11fnuz"),
        *("float8_e5m2fnuz", "float4_e2m1fn", "int4", "uint4", "int2", "uint2"),
    )
]
DTYPES = [
    *(tf.float32, tf.float64, tf.float16, tf.bfloat16),
    *(tf.int8, tf.int16, tf.int32, tf.int64),
    *(tf.uint8, tf.uint16, tf.uint32, tf.uint64),
    *(tf.complex64, tf.complex128, tf.bool, tf.string),
    *(tf.qint8, tf.quint8, tf.qint16, tf.quint16, tf.qint32),
    *TINY_DTYPES,
]


def save_identities(folder: Path) -> Path:
    """Writes a model that returns what it is given, with a signature for each type."""
    with tf.Graph().as_default():
        signatures = {}
        for dtype in DTYPES:
            value = v1.placeholder(dtype, name=dtype.name)
            signatures[dtype.name] = SignatureTensors({"x": value}, {"y": tf.identity(value)})
        return save_graph(folder, signatures)


def save_columns(folder: Path) -> Path:
    """Writes a model whose inputs and outputs do not count rows in their first dimension.

    - serving_default scores `candidates` [n, 3] by a `query` [3];
    - `loudness` is that of a `waveform` [samples];
    - `greet` makes strings, `pack` makes bytes, of a `name` of any shape.
    """
    with tf.Graph().as_default():
        query = v1.placeholder(tf.float32, [None], name="query")
        candidates = v1.placeholder(tf.float32, [None, None], name="candidates")
        waveform = v1.placeholder(tf.float32, [None], name="waveform")
        name = v1.placeholder(tf.string, name="name")
        scores = tf.linalg.matvec(candidates, query)
        signatures = {
            "serving_default": SignatureTensors(
                {"query": query, "candidates": candidates},
                {"scores": scores, "best": tf.argmax(scores)},
            ),
            "loudness": SignatureTensors(
                {"waveform": waveform}, {"loudness": tf.reduce_max(tf.abs(waveform))}
            ),
            "greet": SignatureTensors(
                {"name": name}, {"greeting": tf.strings.join(["hello ", name])}
            ),
            "pack": SignatureTensors({"name": name}, {"name_bytes": tf.identity(name)}),
        }
        return save_graph(folder, signatures)


def save_matrices(folder: Path) -> Path:
    """Writes a model that takes rows of two numbers, and says so in its graph alone."""
    with tf.Graph().as_default():
        pair = v1.placeholder(tf.float32, name="pair")
        total = tf.matmul(pair, [[1.0], [10.0]])
        return save_graph(
            folder, {"serving_default": SignatureTensors({"pair": pair}, {"total": total})}
        )


def save_convolution(folder: Path, *, within: str = "graph") -> Path:
    """Writes a model that convolves `images` [n, 4, 4, 1] to `features` of the same shape.

    Args:
      folder: Where to write.
      within: What the convolution is in: "graph", "function", or "loop" for the body of one.
    """

    def convolve(images: tf.Tensor) -> tf.Tensor:
        return tf.nn.conv2d(images, tf.ones([3, 3, 1, 1]), strides=1, padding="SAME")

    def convolve_in_loop(images: tf.Tensor) -> tf.Tensor:
        return tf.while_loop(
            lambda step, _: step < 1, lambda step, each: (step + 1, convolve(each)), (0, images)
        )[1]

    ways = {"graph": convolve, "function": tf.function(convolve), "loop": convolve_in_loop}
    with tf.Graph().as_default():
        images = v1.placeholder(tf.float32, [None, 4, 4, 1], name="images")
        signature = SignatureTensors({"images": images}, {"features": ways[within](images)})
        return save_graph(folder, {"serving_default": signature})


def save_odd_outputs(folder: Path) -> Path:
    """Writes a model with outputs that are no values, or not of the type that a signature says.

    - `table` returns `values`, and beside them a handle of a queue;
    - `list` returns a list of TensorFlow's own;
    - `mistaken` says that its strings are numbers, and its numbers strings.
    """
    with tf.Graph().as_default():
        x = v1.placeholder(tf.float32, [None], name="x")
        queue = tf.raw_ops.FIFOQueueV2(component_types=[tf.float32])
        no_shape = tf.constant([], tf.int32)
        values = tf.raw_ops.TensorListFromTensor(tensor=x, element_shape=no_shape)
        outputs = {
            "table": {"values": tf.identity(x), "handle": queue},
            "list": {"list": values},
            "mistaken": {"strings": tf.as_string(x, precision=1), "numbers": x + 1},
        }
        save_graph(folder, {name: SignatureTensors({"x": x}, y) for name, y in outputs.items()})
    saved_model = read_saved_model(folder)
    mistaken = saved_model.meta_graphs[0].signature_def["mistaken"].outputs
    mistaken["strings"].dtype = tf.float32.as_datatype_enum
    mistaken["numbers"].dtype = tf.string.as_datatype_enum
    write_saved_model(folder, saved_model)
    return folder
