"""Reads what a SavedModel can be asked for from its file alone, without loading the model."""

from tensorflow.core.protobuf import meta_graph_pb2, saved_model_pb2
from tfx.dsl.io import fileio


def read_signature_defs(saved_model: str) -> dict[str, meta_graph_pb2.SignatureDef]:
    """Returns the signatures by name, in the order of their names.

    Args:
      saved_model: Its folder, local or remote.

    Raises:
      OSError: It cannot be read.
    """
    with fileio.open(f"{saved_model}/saved_model.pb", "rb") as file:
        content = saved_model_pb2.SavedModel.FromString(file.read())
    return {
        name: signature
        for name, signature in sorted(content.meta_graphs[0].signature_def.items())
        if not name.startswith("__")  # TensorFlow's own, such as __saved_model_init_op
    }
