"""Classify and regress: which signatures can answer them, how an answer is read (numpy only).

Rules and texts are those of classifier.cc and regressor.cc.
"""

import numpy as np

from serving.errors import invalid_argument
from serving.tensors import Array, Arrays, Signature, render_shape, type_name

INPUTS = "inputs"
CLASSIFY_METHOD = "tensorflow/serving/classify"
REGRESS_METHOD = "tensorflow/serving/regress"
_CLASSES = "classes"
_SCORES = "scores"
_OUTPUTS = "outputs"
_MATRIX_RANK = 2

Classes = list[tuple[bytes, np.float32]]
"""The classes of one example: label and score of each."""


def check_classify_signature(signature: Signature) -> None:
    """Raises a ServingError unless the signature can classify."""
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) not in (1, 2):
        raise invalid_argument(
            f"Expected one or two output Tensors, found {len(signature.outputs)}"
        )
    _check_input(signature, "classification")
    if not {_CLASSES, _SCORES} & set(signature.outputs):
        raise invalid_argument(
            "Expected classification signature outputs to contain at least one of "
            f'"{_CLASSES}" or "{_SCORES}". Signature was: {_describe(signature)}'
        )


def check_regress_signature(signature: Signature) -> None:
    """Raises a ServingError unless the signature can regress."""
    if len(signature.inputs) != 1:
        raise invalid_argument("Expected one input Tensor.")
    if len(signature.outputs) != 1:
        raise invalid_argument("Expected one output Tensor.")
    _check_input(signature, "regression")
    if _OUTPUTS not in signature.outputs:
        raise invalid_argument(
            f"No regression outputs found in SignatureDef: {_describe(signature)}"
        )


def read_classes(outputs: Arrays, num_examples: int) -> list[Classes]:
    """Returns the classes of each example.

    Raises:
      ServingError: The outputs are not label strings and float scores, [examples, classes] each.
    """
    classes, scores = outputs.get(_CLASSES), outputs.get(_SCORES)
    if classes is not None:
        _check_matrix(_CLASSES, classes, "string", num_examples)
    if scores is not None:
        _check_matrix(_SCORES, scores, "float", num_examples)
    if classes is not None and scores is not None and classes.shape != scores.shape:
        raise invalid_argument(
            "Tensors class and score should match in dim_size(1). Got "
            f"{classes.shape[1]} vs. {scores.shape[1]}"
        )
    if classes is None:
        classes = np.full(outputs[_SCORES].shape, b"", object)
    if scores is None:
        scores = np.zeros(classes.shape, np.float32)
    return [
        list(zip(labels, values, strict=True))
        for labels, values in zip(classes, scores, strict=True)
    ]


def decode_label(label: bytes) -> str:
    """Returns a label as text.

    Raises:
      ServingError: It is not UTF-8, which JSON and strings of protobuf have to be.
    """
    try:
        return label.decode()
    except UnicodeDecodeError as error:
        raise invalid_argument(
            f"Failed to write class label: {label!r} to output JSON buffer: it is not UTF-8"
        ) from error


def read_regressions(outputs: Arrays, num_examples: int) -> Array:
    """Returns one number for each example, float32 [examples].

    Raises:
      ServingError: The output is neither float [examples] nor float [examples, 1].
    """
    values = outputs[_OUTPUTS]
    if values.ndim != 1 and not (values.ndim == _MATRIX_RANK and values.shape[1] == 1):
        raise invalid_argument(
            "Expected output Tensor shape to be either [batch_size] or [batch_size, 1] but got "
            f"{render_shape(values.shape)}"
        )
    if len(values) != num_examples:
        raise invalid_argument(
            f"Input batch size did not match output batch size: {num_examples} vs. {len(values)}"
        )
    if values.dtype != np.float32:
        raise invalid_argument(f"Expected output Tensor of DT_FLOAT.  Got: {_data_type(values)}")
    return values.reshape(-1)


def _check_input(signature: Signature, kind: str) -> None:
    if INPUTS not in signature.inputs:
        raise invalid_argument(f"No {kind} inputs found in SignatureDef: {_describe(signature)}")


def _check_matrix(name: str, array: Array, dtype: str, num_examples: int) -> None:
    if array.ndim != _MATRIX_RANK:
        raise invalid_argument(
            f"Expected Tensor shape: [batch_size num_classes] but got {render_shape(array.shape)}"
        )
    if type_name(array) != dtype:
        raise invalid_argument(
            f"Expected {name} Tensor of DT_{dtype.upper()}. Got: {_data_type(array)}"
        )
    if len(array) != num_examples:
        raise invalid_argument(
            f"Expected {name} output batch size of {num_examples}. Got: {len(array)}"
        )


def _data_type(array: Array) -> str:
    return f"DT_{type_name(array).upper()}"


def _describe(signature: Signature) -> str:
    return f"inputs {sorted(signature.inputs)}, outputs {sorted(signature.outputs)}"
