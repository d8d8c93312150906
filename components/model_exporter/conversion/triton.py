"""The configuration by which NVIDIA's Triton serves an ONNX model.

Its form: `model_config.proto` of triton-inference-server/common.
"""

from collections.abc import Iterable, Iterator

import onnx

CONFIG_FILE_NAME = "config.pbtxt"

_MAX_BATCH_SIZE = 64
_TYPES: dict[int, str] = {
    onnx.TensorProto.UINT8: "TYPE_UINT8",
    onnx.TensorProto.INT32: "TYPE_INT32",
    onnx.TensorProto.INT64: "TYPE_INT64",
    onnx.TensorProto.FLOAT: "TYPE_FP32",
}


def render_config(graph: onnx.GraphProto, name: str) -> str:
    """Returns config.pbtxt for a graph whose tensors all have the batch as their first dimension.

    Raises:
      KeyError: A tensor is of a type that this project's signatures do not have.
    """
    return "\n".join(
        [
            f'name: "{name}"',
            'backend: "onnxruntime"',
            f"max_batch_size: {_MAX_BATCH_SIZE}",
            *_render_tensors("input", graph.input),
            *_render_tensors("output", graph.output),
            # Requests of several clients go through the model together.
            "dynamic_batching {}",
            "",
        ]
    )


def _render_tensors(kind: str, tensors: Iterable[onnx.ValueInfoProto]) -> Iterator[str]:
    for tensor in tensors:
        tensor_type = tensor.type.tensor_type
        yield f"{kind} {{"
        yield f'  name: "{tensor.name}"'
        yield f"  data_type: {_TYPES[tensor_type.elem_type]}"
        # Without the batch, which Triton adds. It knows no tensor of no dimensions.
        _, *sizes = (dimension.dim_value for dimension in tensor_type.shape.dim)
        yield f"  dims: [{', '.join(str(size) for size in sizes or [1])}]"
        if not sizes:
            yield "  reshape: { shape: [] }"
        yield "}"
