"""Turns a request into the call of a signature, each kind with the error texts of TF Serving."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from serving.errors import Code, ServingError, invalid_argument
from serving.inference import classification
from serving.tensors import DEFAULT_SIGNATURE, Array, Arrays, Signature, complete_inputs, count_rows

Signatures = Mapping[str, Signature]


class Call(NamedTuple):
    """A call that can be made.

    Attributes:
      signature_name: The signature to call.
      inputs: All of its inputs, checked.
      num_rows: Rows in them.
    """

    signature_name: str
    inputs: dict[str, Array]
    num_rows: int


class Task(NamedTuple):
    """One question of a multi-inference request."""

    signature_name: str
    method: str


def prepare_predict(signatures: Signatures, signature_name: str, arrays: Arrays) -> Call:
    """Returns the call that a predict request asks for.

    Raises:
      ServingError: There is no such signature, or it takes other inputs.
    """
    name = signature_name or DEFAULT_SIGNATURE
    if name not in signatures:
        raise ServingError(Code.FAILED_PRECONDITION, f'Serving signature key "{name}" not found.')
    inputs = complete_inputs(signatures[name], arrays)
    return Call(name, inputs, count_rows(signatures[name], inputs))


def prepare_classify(signatures: Signatures, signature_name: str, examples: Array) -> Call:
    """Returns the call that a classify request asks for.

    Raises:
      ServingError: There is no such signature, or it can't classify.
    """
    name = signature_name or DEFAULT_SIGNATURE
    signature = _find(signatures, name, f"No signature was found with the name: {name}")
    classification.check_classify_signature(signature)
    return _call_with_examples(name, signature, examples)


def prepare_regress(signatures: Signatures, signature_name: str, examples: Array) -> Call:
    """Returns the call that a regress request asks for.

    Raises:
      ServingError: There is no such signature, or it can't regress.
    """
    name = signature_name or DEFAULT_SIGNATURE
    signature = _find(signatures, name, f"No signature was found with the name: {name}")
    classification.check_regress_signature(signature)
    return _call_with_examples(name, signature, examples)


def prepare_tasks(signatures: Signatures, tasks: Sequence[Task], examples: Array) -> list[Call]:
    """Returns the calls of a multi-inference request, in the order of its tasks.

    Raises:
      ServingError: A task asks for what its signature can't answer, or two ask for the same.
    """
    calls: list[Call] = []
    for task in tasks:
        name = task.signature_name or DEFAULT_SIGNATURE
        if any(call.signature_name == name for call in calls):
            raise invalid_argument(f"Duplicate evaluation of signature: {name}")
        _find(signatures, name, f"Requested signature not found in model graph: {name}")
        if task.method == classification.CLASSIFY_METHOD:
            calls.append(prepare_classify(signatures, name, examples))
        elif task.method == classification.REGRESS_METHOD:
            calls.append(prepare_regress(signatures, name, examples))
        else:
            raise ServingError(
                Code.UNIMPLEMENTED, f"Unsupported signature method_name: {task.method}"
            )
    return calls


def _find(signatures: Signatures, name: str, message: str) -> Signature:
    if name not in signatures:
        raise invalid_argument(message)
    return signatures[name]


def _call_with_examples(name: str, signature: Signature, examples: Array) -> Call:
    inputs = complete_inputs(signature, {classification.INPUTS: examples})
    return Call(name, inputs, len(examples))
