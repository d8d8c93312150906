"""One version of a model in memory: a SavedModel that answers."""

from collections.abc import Mapping
from typing import Any

import numpy as np
import tensorflow as tf
from tensorflow.core.protobuf import meta_graph_pb2

from serving.errors import Code, ServingError, invalid_argument
from serving.saved_model.signatures import make_signatures, read_signature_defs
from serving.tensors import Array, Arrays


class Servable:
    """A loaded SavedModel.

    Attributes:
      signatures: What it can be asked for, by name.
      signature_defs: The same as the metadata API shows it.
    """

    def __init__(
        self,
        signature_defs: Mapping[str, meta_graph_pb2.SignatureDef],
        model: Any,
    ) -> None:
        self.signature_defs = signature_defs
        self.signatures = make_signatures(signature_defs)
        # The functions hold their variables weakly: the model must live as long as they do.
        self._model = model
        self._functions = dict(model.signatures)

    def run(self, signature_name: str, inputs: Arrays) -> dict[str, Array]:
        """Calls a signature.

        Args:
          signature_name: A key of `signatures`.
          inputs: What `complete_inputs` returned for it.

        Raises:
          ServingError: TensorFlow refused the values.
        """
        specs = self.signatures[signature_name].inputs
        tensors = {
            name: tf.constant(array, tf.string if specs[name].dtype == "string" else None)
            for name, array in inputs.items()
        }
        try:
            outputs = self._functions[signature_name](**tensors)
            return {name: _to_array(value) for name, value in outputs.items()}
        except tf.errors.OpError as error:
            raise ServingError(Code(error.error_code), error.message) from error
        except UnicodeDecodeError as error:
            # TensorFlow quotes the bytes of a malformed tf.Example, and fails to make text of them.
            raise invalid_argument(error.object.decode("utf-8", "replace")) from error


def load_servable(model_path: str) -> Servable:
    """Reads a SavedModel from a folder on any file system that TensorFlow knows.

    Raises:
      ServingError: There is no SavedModel in the folder.
      Exception: TensorFlow could not read it; it raises many kinds.
    """
    signature_defs = read_signature_defs(model_path)
    return Servable(signature_defs, tf.saved_model.load(model_path, tags=["serve"]))


def _to_array(value: Any) -> Array:
    array = value.numpy()
    return array if isinstance(array, np.ndarray) else np.asarray(array, value.dtype.as_numpy_dtype)
