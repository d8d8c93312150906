"""What the SavedModel is and answers, which exported files are held to; it needs TensorFlow."""

from collections.abc import Mapping
from pathlib import Path
from typing import TypeVar

import numpy as np
import numpy.typing as npt
import tensorflow as tf

from components.model_exporter.gate import Expected
from components.model_exporter.proof.answers import Tensor
from components.servability_validator.requests import serialize_images
from components.signature_defs import read_signature_defs

_BATCH_SIZE = 256
_CLASSIFY = "classify"

_Spec = TypeVar("_Spec")


class SignatureError(ValueError):
    """A SavedModel cannot be asked as exports are; the message says what it has instead."""


def read_image_shape(saved_model: Path, signature: str) -> tuple[int, ...]:
    """Returns the shape of one image as a signature of one input takes it.

    Raises:
      SignatureError: There is no such signature, or it has several inputs, or takes any size.
    """
    definitions = read_signature_defs(str(saved_model))
    inputs = {name: definition.inputs for name, definition in definitions.items()}
    name, tensor = _find_input(inputs, saved_model, signature)
    image_shape = tuple(dimension.size for dimension in tensor.tensor_shape.dim[1:])
    if not image_shape or min(image_shape) < 1:
        raise SignatureError(
            f"{saved_model}: expected images of one size as input {name!r} of signature "
            f"{signature!r}, received {image_shape or 'any shape'}"
        )
    return image_shape


def read_class_names(saved_model: Path, image: npt.NDArray[np.uint8]) -> tuple[str, ...]:
    """Returns what a SavedModel calls its classes, in their order; nothing if it does not tell.

    Args:
      saved_model: Its folder.
      image: Any that it can be asked about, uint8 [*image_shape].
    """
    loaded = tf.saved_model.load(str(saved_model))
    if _CLASSIFY not in loaded.signatures:
        return ()
    examples = serialize_images(image[np.newaxis])
    answer = loaded.signatures[_CLASSIFY](**{tf.saved_model.CLASSIFY_INPUTS: tf.constant(examples)})
    names = answer[tf.saved_model.CLASSIFY_OUTPUT_CLASSES].numpy()[0]
    return tuple(name.decode() for name in names)


def ask_saved_model(saved_model: Path, signature: str, images: npt.NDArray[np.uint8]) -> Expected:
    """Returns what a signature of one input answers, on the CPU as its exports do.

    Args:
      saved_model: Its folder.
      signature: Which of its functions.
      images: uint8 [n, *image_shape].

    Raises:
      SignatureError: There is no such signature, or it has several inputs.
    """
    with tf.device("CPU"):
        # Held until the end: a function does not hold the variables that it reads.
        loaded = tf.saved_model.load(str(saved_model))
        inputs = {
            name: function.structured_input_signature[1]
            for name, function in loaded.signatures.items()
        }
        input_name, input_spec = _find_input(inputs, saved_model, signature)
        function = loaded.signatures[signature]
        answers = [
            function(**{input_name: tf.constant(images[start : start + _BATCH_SIZE])})
            for start in range(0, len(images), _BATCH_SIZE)
        ]
        return Expected(
            inputs={input_name: _describe(input_spec)},
            outputs={name: _describe(spec) for name, spec in function.structured_outputs.items()},
            weight_bytes=sum(
                variable.shape.num_elements() * variable.dtype.size
                for variable in function.variables
            ),
            answers={
                name: np.concatenate([answer[name].numpy() for answer in answers])
                for name in answers[0]
            },
        )


def _find_input(
    all_inputs: Mapping[str, Mapping[str, _Spec]], saved_model: Path, signature: str
) -> tuple[str, _Spec]:
    """Returns the one input of a signature: its name, and what it is.

    Args:
      all_inputs: The inputs of each signature, by name.
      saved_model: Where they are from.
      signature: Which of them.

    Raises:
      SignatureError: There is no such signature, or it has several inputs.
    """
    if signature not in all_inputs:
        raise SignatureError(
            f"{saved_model}: expected a signature {signature!r}, received "
            f"{', '.join(sorted(all_inputs)) or 'none'}. Add it where the model is exported."
        )
    inputs = all_inputs[signature]
    if len(inputs) != 1:
        raise SignatureError(
            f"{saved_model}: expected one input of signature {signature!r}, received "
            f"{', '.join(sorted(inputs)) or 'none'}"
        )
    [(name, spec)] = inputs.items()
    return name, spec


def _describe(spec: tf.TensorSpec) -> Tensor:
    return Tensor(dtype=spec.dtype.name, shape=tuple(spec.shape.as_list()))
