"""Has exported files answer, each in a process of its own that never loads TensorFlow."""

import sys
from collections.abc import Collection, Mapping, Sequence
from importlib.metadata import version
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from components.child_process import run_child
from components.model_exporter.formats import ExportFormat
from components.model_exporter.proof.answers import Answers, ProofRequest, read_answers
from components.model_exporter.proof.node import NodeMissingError, find_node

_TIMEOUT_SECONDS = 600
_MEMORY_BYTES = 8 << 30

TENSORFLOW_JS_PROGRAM = Path(__file__).with_name("graph_model.cjs")
_PARENT_BOUND = "components.parent_bound"


class _Runtime(NamedTuple):
    """What answers with a file.

    Attributes:
      file_name: The file that it is given.
      program: Module of this project that has it answer; "" for TensorFlow.js.
      packages: Whose versions are recorded, the converter's included.
    """

    file_name: str
    program: str
    packages: tuple[str, ...]


_LITERT = _Runtime(
    "model.tflite",
    "components.model_exporter.proof.litert",
    ("tensorflow", "ai-edge-litert"),
)
_RUNTIMES: Mapping[ExportFormat, _Runtime] = MappingProxyType(
    {
        ExportFormat.TFLITE: _LITERT,
        ExportFormat.TFLITE_FLOAT16: _LITERT,
        ExportFormat.TFLITE_INT8: _LITERT,
        ExportFormat.ONNX: _Runtime(
            "model.onnx",
            "components.model_exporter.proof.onnx_runtime",
            ("tf2onnx", "onnx", "onnxruntime"),
        ),
        ExportFormat.TFJS: _Runtime("model.json", "", ("tensorflow",)),
    }
)
PROGRAMS = (_PARENT_BOUND, *{each.program for each in _RUNTIMES.values() if each.program})
"""Run by name, and never imported here."""


def check_runtimes(formats: Collection[ExportFormat]) -> None:
    """Checks that there is what formats will be proven with, before any work is done for them.

    Raises:
      NodeMissingError: There is no Node to run TensorFlow.js in.
    """
    if ExportFormat.TFJS in formats:
        try:
            find_node()
        except NodeMissingError as error:
            raise NodeMissingError(
                f"{ExportFormat.TFJS}: an export counts once it has answered in Node: {error}. "
                f"Or do not ask for {ExportFormat.TFJS}."
            ) from error


def ask_export(
    export_format: ExportFormat, folder: Path, signature: str, images: npt.NDArray[np.uint8]
) -> Answers:
    """Returns what a file is, and what it answers to images, uint8 [n, height, width].

    Args:
      export_format: Which runtime reads it.
      folder: The format's folder; requests and answers are written beside it.
      signature: Which of its functions, where a format has several.
      images: What it is asked about.

    Raises:
      ChildError: Its runtime cannot read it, or does not answer.
      HostFaultError: This machine kept the runtime from its work.
      NodeMissingError: There is no Node to run TensorFlow.js in.
    """
    images_path = folder.with_suffix(".images")
    answers_path = folder.with_suffix(".answers")
    request_path = folder.with_suffix(".request")
    images.tofile(images_path)
    ProofRequest(
        model=str(folder / _RUNTIMES[export_format].file_name),
        signature=signature,
        images=str(images_path),
        shape=images.shape,
        answers=str(answers_path),
    ).write(request_path)
    run_child(
        [*_command(export_format), str(request_path)],
        timeout_seconds=_TIMEOUT_SECONDS,
        memory_bytes=_MEMORY_BYTES,
    )
    return read_answers(answers_path)


def read_tools(export_format: ExportFormat) -> dict[str, str]:
    """Returns the versions of what converts to a format and of what answers with it, by name."""
    tools = {name: version(name) for name in _RUNTIMES[export_format].packages}
    if export_format == ExportFormat.TFJS:
        node = find_node()
        tools |= {"node": node.version, **node.packages}
    return tools


def _command(export_format: ExportFormat) -> Sequence[str]:
    if export_format == ExportFormat.TFJS:
        node = find_node()
        program = (str(node.program), str(TENSORFLOW_JS_PROGRAM), str(node.modules))
        return [sys.executable, "-m", _PARENT_BOUND, *program]
    return [sys.executable, "-m", _RUNTIMES[export_format].program]
