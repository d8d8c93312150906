"""Has LiteRT answer with a .tflite file, as a phone does: python -m ... REQUEST."""

import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter

from components.child_process import child_program, say_started
from components.model_exporter.proof.answers import ProofRequest, Tensor, write_answers


def answer(request: ProofRequest) -> None:
    """Writes what the file is, and what it answers.

    Raises:
      ValueError: The file is none, or has no such signature.
    """
    interpreter = Interpreter(model_path=request.model, num_threads=1)
    constants = _constants(interpreter)
    runner = interpreter.get_signature_runner(request.signature)
    [input_name] = runner.get_input_details()
    write_answers(
        request,
        lambda images: runner(**{input_name: images}),
        _describe(runner.get_input_details()),
        _describe(runner.get_output_details()),
        constants,
    )


def _describe(details: Mapping[str, Mapping[str, Any]]) -> dict[str, Tensor]:
    return {
        name: Tensor(
            dtype=np.dtype(tensor["dtype"]).name,
            shape=tuple(None if size < 0 else int(size) for size in tensor["shape_signature"]),
        )
        for name, tensor in details.items()
    }


def _constants(interpreter: Interpreter) -> dict[str, int]:
    """Returns the bytes of the tensors that have values before any memory was given to others."""
    sizes: Counter[str] = Counter()
    for tensor in interpreter.get_tensor_details():
        if tensor["dtype"] is np.object_:  # a variable: to ask for its values is a crash
            continue
        try:
            values = interpreter.get_tensor(tensor["index"])
        except ValueError:
            continue
        sizes[values.dtype.name] += values.nbytes
    return dict(sizes)


if __name__ == "__main__":
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    with child_program():
        say_started()
        answer(ProofRequest.read(Path(sys.argv[1])))
