"""Judges a served model by its answers (numpy only)."""

from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from modules.features import CLASSES_KEY, PROBABILITIES_KEY, SCORES_KEY

Answer = Mapping[str, npt.NDArray[Any]]
"""The outputs of one request, by name."""

# Batches of other sizes go through other kernels: single-precision noise is no disagreement.
_TOLERANCE = 1e-4


def find_probabilities(outputs: Collection[str]) -> str | None:
    """Returns which of a signature's outputs has the probabilities, None if it gives none."""
    if PROBABILITIES_KEY in outputs:
        return PROBABILITIES_KEY
    return SCORES_KEY if set(outputs) == {CLASSES_KEY, SCORES_KEY} else None


def find_malformed(answer: Answer, num_rows: int) -> Iterator[str]:
    """Yields what is wrong with the form of one answer.

    Args:
      answer: Outputs of a request of `num_rows` rows.
      num_rows: Every output must have so many rows.
    """
    for name, values in answer.items():
        if values.shape[:1] != (num_rows,):
            yield f"{name}: expected {num_rows} rows, received shape {list(values.shape)}"
        elif values.dtype.kind == "f" and not np.isfinite(values).all():
            yield f"{name}: expected finite numbers, received {_first_not_finite(values)}"
    if output := find_probabilities(answer):
        yield from _find_bad_probabilities(output, answer)


def find_disagreement(
    probabilities: npt.NDArray[Any], expected: npt.NDArray[Any], of_what: str
) -> Iterator[str]:
    """Yields a sentence if two answers to the same images differ beyond single precision."""
    if probabilities.shape != expected.shape:
        yield f"{of_what}: shapes {list(probabilities.shape)} and {list(expected.shape)} differ"
        return
    difference = float(np.abs(probabilities - expected).max(initial=0.0))
    if not difference <= _TOLERANCE:
        yield f"{of_what}: probabilities differ by {difference:.3g}, expected at most {_TOLERANCE}"


def find_slowness(
    measurements: Iterable[npt.NDArray[Any]], max_p99_latency_ms: float
) -> Iterator[str]:
    """Yields a sentence if the 99th percentile of every measurement is over the budget.

    Args:
      measurements: Latencies in milliseconds. None is asked for after one within the budget.
      max_p99_latency_ms: The budget.
    """
    over_budget = []
    for latencies_ms in measurements:
        p99 = float(np.percentile(latencies_ms, 99))
        if p99 <= max_p99_latency_ms:
            return
        over_budget.append(f"{p99:.1f} ms")
    yield (
        f"p99 latency of one image is {', then '.join(over_budget)}, expected at most "
        f"{max_p99_latency_ms} ms. If other work kept this machine busy, judge the model again: "
        "tfx-mnist run --from ServabilityValidator"
    )


def _find_bad_probabilities(name: str, answer: Answer) -> Iterator[str]:
    probabilities = answer[name]
    if probabilities.dtype != np.float32 or probabilities.ndim != 2:  # noqa: PLR2004 - rows, classes
        yield (
            f"{name}: expected float32 [rows, classes], received "
            f"{probabilities.dtype} {list(probabilities.shape)}"
        )
        return
    sums = probabilities.sum(axis=1)
    if not np.allclose(sums, 1.0, atol=_TOLERANCE):
        worst = sums[np.argmax(np.abs(sums - 1.0))]
        yield f"{name}: expected rows that sum to 1, received a sum of {worst:.6f}"
    classes = answer.get(CLASSES_KEY)
    if name == SCORES_KEY:
        yield from _find_bad_names(classes, probabilities.shape)
    elif classes is None or not np.array_equal(classes, probabilities.argmax(axis=1)):
        yield f"{CLASSES_KEY}: expected the most probable class of each row, received another"


def _find_bad_names(
    classes: npt.NDArray[Any] | None, expected_shape: tuple[int, ...]
) -> Iterator[str]:
    if classes is None or classes.dtype.kind != "S" or classes.shape != expected_shape:
        received = "none" if classes is None else f"{classes.dtype} {list(classes.shape)}"
        yield (
            f"{CLASSES_KEY}: expected a name, as bytes, beside each of the {SCORES_KEY} "
            f"{list(expected_shape)}, received {received}"
        )


def _first_not_finite(values: npt.NDArray[Any]) -> str:
    return str(values[~np.isfinite(values)].flat[0])
