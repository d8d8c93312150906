"""Reads what a SavedModel can be asked for from its file alone."""

from collections.abc import Mapping

import tensorflow as tf
from tensorflow.core.framework import tensor_shape_pb2
from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2

from serving.errors import Code, ServingError
from serving.proto_messages.tensors import dtype_name
from serving.tensors import Signature, TensorSpec

_SERVE_TAG = "serve"
# TensorFlow's own entries, such as __saved_model_init_op.
_INTERNAL_PREFIX = "__"


def read_signature_defs(model_path: str) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Returns the signatures of the model for serving, as the metadata API shows them.

    Raises:
      ServingError: There is no SavedModel, or none with the tag "serve".
    """
    path = f"{model_path}/saved_model.pb"
    if not tf.io.gfile.exists(path):
        raise ServingError(
            Code.NOT_FOUND,
            f"Could not find SavedModel .pb or .pbtxt at supplied export directory path: "
            f"{model_path}",
        )
    with tf.io.gfile.GFile(path, "rb") as file:
        saved_model = saved_model_pb2.SavedModel.FromString(file.read())
    for meta_graph in saved_model.meta_graphs:
        if _SERVE_TAG in meta_graph.meta_info_def.tags:
            return dict(meta_graph.signature_def)
    found = [list(meta_graph.meta_info_def.tags) for meta_graph in saved_model.meta_graphs]
    raise ServingError(
        Code.NOT_FOUND,
        f"Could not find meta graph def matching supplied tags: {{ {_SERVE_TAG} }}. "
        f"{path} has {found}.",
    )


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
