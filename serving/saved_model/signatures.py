"""Reads the signatures of a SavedModel."""

from collections.abc import Mapping

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2

from serving.proto_messages.tensors import dtype_name
from serving.tensors import Signature, TensorSpec

# TensorFlow's own entries, such as __saved_model_init_op.
_INTERNAL_PREFIX = "__"


def make_signatures(
    signature_defs: Mapping[str, meta_graph_pb2.SignatureDef],
) -> dict[str, Signature]:
    """Returns the signatures that can be called, by name."""
    return {
        name: Signature(
            inputs=_make_specs(signature_def.inputs),
            outputs=_make_specs(signature_def.outputs),
            defaults={
                alias: tf.make_ndarray(value) for alias, value in signature_def.defaults.items()
            },
        )
        for name, signature_def in signature_defs.items()
        if not name.startswith(_INTERNAL_PREFIX)
    }


def _make_specs(infos: Mapping[str, meta_graph_pb2.TensorInfo]) -> dict[str, TensorSpec]:
    return {
        name: TensorSpec(dtype_name(info.dtype), _make_shape(info.tensor_shape))
        for name, info in sorted(infos.items())
    }


def _make_shape(shape: tensor_shape_pb2.TensorShapeProto) -> tuple[int | None, ...] | None:
    if shape.unknown_rank:
        return None
    return tuple(None if dim.size < 0 else dim.size for dim in shape.dim)
