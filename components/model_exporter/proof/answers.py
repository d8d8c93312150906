"""What a program is asked that answers with an exported file, and what it answers (numpy only)."""

import json
import re
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

Outputs = Mapping[str, npt.NDArray[Any]]

_BATCH_SIZE = 64
_SINGLE_CALLS = 64
_TIMED_CALLS = 200
_KIBIBYTE = 1024


@dataclass(frozen=True, kw_only=True)
class Tensor:
    """The type of an input or output, as numpy calls it, and its shape; None is any size."""

    dtype: str
    shape: tuple[int | None, ...]

    def __str__(self) -> str:
        return (
            f"{self.dtype} [{', '.join('?' if size is None else str(size) for size in self.shape)}]"
        )


@dataclass(frozen=True, kw_only=True)
class Answers:
    """What an exported file is, and what it answered.

    Attributes:
      inputs: Each input by name.
      outputs: Each output by name.
      constants: Bytes of the file's constant tensors, by type.
      batched: Outputs for all images, asked in batches, by name.
      single: Outputs for the first of them, asked one by one.
      latency_ms: Median wall time of one image.
      peak_memory_bytes: The most that the process held, runtime included.
    """

    inputs: dict[str, Tensor]
    outputs: dict[str, Tensor]
    constants: dict[str, int]
    batched: Outputs
    single: Outputs
    latency_ms: float
    peak_memory_bytes: int


@dataclass(frozen=True, kw_only=True)
class ProofRequest:
    """What a program is asked.

    Attributes:
      model: The file.
      signature: Which of its functions, where a format has several.
      images: File of uint8 pixels, image by image.
      shape: Of all images: number, height, width.
      answers: The JSON file to write.
      batch_size: Images in one call; the last may have fewer.
      single_calls: How many images to ask again one by one.
      timed_calls: How often to ask the first image, to measure.
    """

    model: str
    signature: str
    images: str
    shape: tuple[int, ...]
    answers: str
    batch_size: int = _BATCH_SIZE
    single_calls: int = _SINGLE_CALLS
    timed_calls: int = _TIMED_CALLS

    def write(self, path: Path) -> None:
        """Writes it as JSON, which programs in other languages read as well."""
        path.write_text(json.dumps(asdict(self)), encoding="utf-8")

    @classmethod
    def read(cls, path: Path) -> "ProofRequest":
        """Reads what `write` wrote."""
        return cls(**json.loads(path.read_text(encoding="utf-8")))

    def read_images(self) -> npt.NDArray[np.uint8]:
        """Returns the images, uint8 [number, height, width]."""
        return np.fromfile(self.images, np.uint8).reshape(self.shape)


def write_answers(
    request: ProofRequest,
    call: Callable[[npt.NDArray[np.uint8]], Outputs],
    inputs: Mapping[str, Tensor],
    outputs: Mapping[str, Tensor],
    constants: Mapping[str, int],
) -> None:
    """Asks a model everything, and writes that.

    Args:
      request: What to ask.
      call: From images to outputs, by name.
      inputs: The model's inputs.
      outputs: The model's outputs.
      constants: Bytes of its constants, by type.
    """
    images = request.read_images()
    starts = range(0, len(images), request.batch_size)
    batched = [call(images[start : start + request.batch_size]) for start in starts]
    single = [
        call(images[index : index + 1]) for index in range(request.single_calls)[: len(images)]
    ]
    latencies = []
    for _ in range(request.timed_calls):
        started = time.perf_counter()
        call(images[:1])
        latencies.append(time.perf_counter() - started)
    content = {
        "inputs": {name: asdict(tensor) for name, tensor in inputs.items()},
        "outputs": {name: asdict(tensor) for name, tensor in outputs.items()},
        "constants": dict(constants),
        "batched": _join(batched),
        "single": _join(single),
        "latency_ms": float(np.median(latencies)) * 1000,
        "peak_memory_bytes": _peak_memory_bytes(),
    }
    Path(request.answers).write_text(json.dumps(content), encoding="utf-8")


def read_answers(path: Path) -> Answers:
    """Reads what a program wrote."""
    content = json.loads(path.read_text(encoding="utf-8"))
    for key in ("inputs", "outputs"):
        content[key] = {
            name: Tensor(dtype=tensor["dtype"], shape=tuple(tensor["shape"]))
            for name, tensor in content[key].items()
        }
    for key in ("batched", "single"):
        content[key] = {
            name: np.asarray(values, content["outputs"][name].dtype)
            for name, values in content[key].items()
        }
    return Answers(**content)


def _peak_memory_bytes() -> int:
    """Returns the most that this program held; getrusage would count what it was forked from."""
    status = Path("/proc/self/status").read_text(encoding="utf-8")
    [kibibytes] = re.findall(r"VmHWM:\s+(\d+) kB", status)
    return int(kibibytes) * _KIBIBYTE


def _join(answers: list[Outputs]) -> dict[str, list[Any]]:
    return {
        name: np.concatenate([answer[name] for answer in answers]).tolist() for name in answers[0]
    }
