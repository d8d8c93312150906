"""The shapes that a graph itself demands of its inputs.

TF Serving feeds a graph whatever a request holds, and kernels refuse what they can't take. Those
that know pixels from channels do not: a tensor of another rank ends the whole process ("Check
failed: index >= 0 && index < num_total_dims", TensorFlow 2.21). So in graphs with such kernels, and
only there, what the placeholders say of their shapes holds.
"""

from collections.abc import Iterator, Mapping

import tensorflow as tf
from tensorflow.core.framework import graph_pb2
from tensorflow.python.framework import op_def_registry

from serving.tensors import Shape

_PLACEHOLDERS = ("Placeholder", "PlaceholderWithDefault")
_LAYOUT = "data_format"
# They have a layout too, and refuse what they can't take.
_SAFE = ("BiasAdd", "BiasAddV1", "BiasAddGrad")


def has_kernels_with_layout(graph: graph_pb2.GraphDef) -> bool:
    """Returns whether a graph has a kernel such as a convolution."""
    return any(_has_layout(kind) for kind in set(_kinds(graph)).difference(_SAFE))


def read_placeholder_shapes(inputs: Mapping[str, tf.Tensor]) -> dict[str, Shape]:
    """Returns the shapes of those inputs that are placeholders and say something of theirs."""
    return {
        name: tuple(tensor.shape.as_list())
        for name, tensor in inputs.items()
        if tensor.op.type in _PLACEHOLDERS and tensor.shape.rank is not None
    }


def _kinds(graph: graph_pb2.GraphDef) -> Iterator[str]:
    yield from (node.op for node in graph.node)
    for function in graph.library.function:
        yield from (node.op for node in function.node_def)


def _has_layout(kind: str) -> bool:
    # Asked of the kind: a node that has the usual layout does not mention it.
    definition = op_def_registry.get(kind)
    return definition is not None and any(attr.name == _LAYOUT for attr in definition.attr)
