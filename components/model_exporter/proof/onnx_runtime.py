"""Has ONNX Runtime answer with a .onnx file: python -m ... REQUEST."""

import re
import sys
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

import numpy as np
import onnx
import onnxruntime

from components.child_process import child_program, say_started
from components.model_exporter.proof.answers import ProofRequest, Tensor, write_answers

_DTYPES = {"float": "float32", "double": "float64"}
"""Those of ONNX Runtime's names that are not numpy's."""


def answer(request: ProofRequest) -> None:
    """Writes what the file is, and what it answers."""
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    session = onnxruntime.InferenceSession(
        request.model, options, providers=["CPUExecutionProvider"]
    )
    [input_name] = (tensor.name for tensor in session.get_inputs())
    output_names = [tensor.name for tensor in session.get_outputs()]
    write_answers(
        request,
        lambda images: dict(
            zip(output_names, session.run(output_names, {input_name: images}), strict=True)
        ),
        _describe(session.get_inputs()),
        _describe(session.get_outputs()),
        _constants(request.model),
    )


def _describe(tensors: Iterable[onnxruntime.NodeArg]) -> dict[str, Tensor]:
    described = {}
    for tensor in tensors:
        [dtype] = re.findall(r"tensor\((\w+)\)", tensor.type)
        shape = (size if isinstance(size, int) else None for size in tensor.shape)
        described[tensor.name] = Tensor(dtype=_DTYPES.get(dtype, dtype), shape=tuple(shape))
    return described


def _constants(path: str) -> dict[str, int]:
    sizes: Counter[str] = Counter()
    for tensor in onnx.load(path).graph.initializer:
        dtype = onnx.helper.tensor_dtype_to_np_dtype(tensor.data_type)
        sizes[np.dtype(dtype).name] += int(np.prod(tensor.dims)) * np.dtype(dtype).itemsize
    return dict(sizes)


if __name__ == "__main__":
    sys.modules["tensorflow"] = None  # type: ignore[assignment]
    with child_program():
        say_started()
        answer(ProofRequest.read(Path(sys.argv[1])))
