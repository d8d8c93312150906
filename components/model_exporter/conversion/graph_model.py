"""Writes a graph model of TensorFlow.js from a SavedModel, as its own converter does.

That one cannot be installed beside this TensorFlow. What it does is little: it freezes the
signature, has TensorFlow's own optimizer fold constants, and writes the graph as JSON beside the
weights as bytes. The format: tfjs-core's `io/types.ts` and tfjs-converter's `graph_executor.ts`.
"""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from google.protobuf.json_format import MessageToDict
from tensorflow.core.framework import graph_pb2
from tensorflow.core.protobuf import config_pb2, meta_graph_pb2
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
from tensorflow.python.grappler import tf_optimizer
from tensorflow.python.training.saver import export_meta_graph

from components.model_exporter.description import Description

FILE_NAME = "model.json"
WEIGHTS_FILE_NAME = "group1-shard1of1.bin"

_Json = dict[str, Any]

# Twice: what the first pass folds, the second one can prune.
_OPTIMIZERS = ("pruning", "constfold", "arithmetic", "dependency") * 2
_INT32 = np.iinfo(np.int32)
_DTYPES = {np.dtype(np.float32): "float32", np.dtype(np.int32): "int32", np.dtype(bool): "bool"}


def write_graph_model(
    saved_model: Path,
    signature: str,
    folder: Path,
    description: Description,
    class_names: Sequence[str],
) -> None:
    """Writes model.json and its weights.

    Args:
      saved_model: Folder of a SavedModel.
      signature: What the graph model computes.
      folder: Exists, and is empty.
      description: What the model says of itself, as its `userDefinedMetadata`.
      class_names: In the order of the classes.

    Raises:
      ValueError: The graph holds a constant of a type or a size that TensorFlow.js has not.
    """
    # Held until the end: a function does not hold the variables that it reads.
    loaded = tf.saved_model.load(str(saved_model))
    function = loaded.signatures[signature]
    frozen = convert_variables_to_constants_v2(function, lower_control_flow=False)
    outputs = dict(zip(sorted(function.structured_outputs), frozen.outputs, strict=True))
    inputs = {tensor.name.partition(":")[0]: tensor for tensor in frozen.inputs}
    described = meta_graph_pb2.SignatureDef(
        inputs={name: _describe(tensor) for name, tensor in inputs.items()},
        outputs={name: _describe(tensor) for name, tensor in outputs.items()},
    )
    graph = _optimize(frozen, described)
    specs, weights = _take_weights(graph)
    model = {
        "format": "graph-model",
        "generatedBy": tf.version.VERSION,
        "convertedBy": "tfx-mnist",
        "signature": {
            # In a fixed order: `predict` returns outputs in that of the file.
            "inputs": _render(described.inputs),
            "outputs": _render(described.outputs),
        },
        "modelTopology": {"library": {}, **MessageToDict(graph)},
        "userDefinedMetadata": {**description.properties, "class_names": [*class_names]},
        "weightsManifest": [{"paths": [WEIGHTS_FILE_NAME], "weights": specs}],
    }
    (folder / WEIGHTS_FILE_NAME).write_bytes(weights)
    (folder / FILE_NAME).write_text(json.dumps(model, separators=(",", ":")), encoding="utf-8")


def _describe(tensor: tf.Tensor) -> meta_graph_pb2.TensorInfo:
    return meta_graph_pb2.TensorInfo(
        name=tensor.name, dtype=tensor.dtype.as_datatype_enum, tensor_shape=tensor.shape.as_proto()
    )


def _render(tensors: Mapping[str, meta_graph_pb2.TensorInfo]) -> _Json:
    return {name: MessageToDict(tensors[name]) for name in sorted(tensors)}


def _optimize(frozen: Any, signature: meta_graph_pb2.SignatureDef) -> graph_pb2.GraphDef:
    """Returns the graph with BatchNormalization folded into the convolutions, and all else."""
    config = config_pb2.ConfigProto()
    rewrites = config.graph_options.rewrite_options
    rewrites.optimizers[:] = _OPTIMIZERS
    rewrites.meta_optimizer_iterations = 1
    meta_graph = export_meta_graph(graph_def=frozen.graph.as_graph_def(), graph=frozen.graph)
    meta_graph.signature_def["serving"].CopyFrom(signature)
    return tf_optimizer.OptimizeGraph(config, meta_graph)


def _take_weights(graph: graph_pb2.GraphDef) -> tuple[list[_Json], bytes]:
    """Takes the constants out of a graph, and returns what they are, and their bytes."""
    specs: list[_Json] = []
    chunks: list[bytes] = []
    for node in graph.node:
        node.device = ""
        if node.op != "Const":
            continue
        tensor = node.attr["value"].tensor
        values = _narrow(node.name, tf.make_ndarray(tensor))
        if values.dtype not in _DTYPES:
            raise ValueError(
                f"{node.name}: expected a constant of {', '.join(_DTYPES.values())}, received "
                f"{values.dtype}."
            )
        specs.append(
            {"name": node.name, "shape": list(values.shape), "dtype": _DTYPES[values.dtype]}
        )
        chunks.append(np.ascontiguousarray(values).astype(values.dtype.newbyteorder("<")).tobytes())
        kept = type(tensor)(dtype=tensor.dtype, tensor_shape=tensor.tensor_shape)
        tensor.CopyFrom(kept)
    return specs, b"".join(chunks)


def _narrow(name: str, values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Returns 64-bit integers in 32 bits, as TensorFlow.js' own converter does: it has no others.

    Raises:
      ValueError: There is one that does not fit, which that converter would wrap.
    """
    if values.dtype != np.int64:
        return values
    too_large = values[(values < _INT32.min) | (values > _INT32.max)]
    if too_large.size:
        raise ValueError(
            f"{name}: expected integers of 32 bits, as JavaScript has them, received "
            f"{too_large.flat[0]}."
        )
    return values.astype(np.int32)
