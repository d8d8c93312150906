"""Judges an exported file by its answers, beside those of the SavedModel (numpy only)."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

import numpy as np

from components.model_exporter.formats import BOUNDS, ExportFormat
from components.model_exporter.proof.answers import Answers, Outputs, Tensor
from modules.features import CLASSES_KEY, PROBABILITIES_KEY

MIN_CALIBRATION_IMAGES = 100
"""Fewer leave ranges unseen: one image gave differences of 0.05 where 300 gave 0.02, unnoticed by
agreement."""

MIN_TEST_IMAGES = 200
"""Fewer leave even gross faults to chance."""

# TensorFlow.js has neither bytes nor 64-bit integers.
_TYPES_OF_TENSORFLOW_JS = {"uint8": "int32", "int64": "int32"}


@dataclass(frozen=True, kw_only=True)
class Expected:
    """What the SavedModel is, and what it answers.

    Attributes:
      inputs: Each input of the signature by name.
      outputs: Each output by name.
      weight_bytes: Size of the weights that the signature reads.
      answers: Outputs for all test images, by name.
    """

    inputs: Mapping[str, Tensor]
    outputs: Mapping[str, Tensor]
    weight_bytes: int
    answers: Outputs


@dataclass(frozen=True, kw_only=True)
class Parity:
    """How near an exported file comes to the SavedModel on the same images.

    Attributes:
      agreement: Share of images for which both name the same class.
      max_difference: The most that any probability differs.
    """

    agreement: float
    max_difference: float


def compare(answers: Outputs, expected: Outputs) -> Parity:
    """Compares answers to the first of the images that were expected to be answered."""
    num_images = len(answers[CLASSES_KEY])
    expected_probabilities = expected[PROBABILITIES_KEY][:num_images]
    return Parity(
        agreement=float(np.mean(answers[CLASSES_KEY] == expected[CLASSES_KEY][:num_images])),
        max_difference=float(
            np.abs(answers[PROBABILITIES_KEY] - expected_probabilities).max(initial=0.0)
        ),
    )


def find_faults(
    export_format: ExportFormat, answers: Answers, expected: Expected, calibration_images: int
) -> Iterator[str]:
    """Yields what keeps a file from being published: measure, value and bound.

    Args:
      export_format: What it claims to be.
      answers: What its runtime says of it, and its answers to the images of `expected`.
      expected: The SavedModel.
      calibration_images: How many images its converter took for calibration.
    """
    malformed = list(_find_malformed(export_format, answers, expected))
    yield from malformed
    yield from _find_wrong_weights(export_format, answers.constants, expected.weight_bytes)
    num_images = len(expected.answers[CLASSES_KEY])
    if num_images < MIN_TEST_IMAGES:
        yield f"it was compared on {num_images} test images, expected at least {MIN_TEST_IMAGES}"
    if export_format == ExportFormat.TFLITE_INT8 and calibration_images < MIN_CALIBRATION_IMAGES:
        yield (
            f"calibration took {calibration_images} images, expected at least "
            f"{MIN_CALIBRATION_IMAGES}"
        )
    if not malformed:
        yield from _find_disagreement(export_format, answers, expected)


def _find_malformed(
    export_format: ExportFormat, answers: Answers, expected: Expected
) -> Iterator[str]:
    narrow = _narrow if export_format == ExportFormat.TFJS else dict
    for kind, received, wanted in (
        ("inputs", answers.inputs, narrow(expected.inputs)),
        ("outputs", answers.outputs, narrow(expected.outputs)),
    ):
        if received != wanted:
            yield f"{kind} are {_render(received)}, expected {_render(wanted)}"
            return
    num_images = len(expected.answers[CLASSES_KEY])
    num_single = len(answers.single[CLASSES_KEY])
    for asked, outputs, rows in (
        ("in batches", answers.batched, num_images),
        ("one by one", answers.single, num_single),
    ):
        yield from _find_malformed_outputs(asked, outputs, expected.answers, rows)


def _find_malformed_outputs(
    asked: str, outputs: Outputs, expected: Outputs, rows: int
) -> Iterator[str]:
    for name, values in expected.items():
        if outputs[name].shape != (rows, *values.shape[1:]):
            yield (
                f"{name}, images {asked}: shape is {[*outputs[name].shape]}, expected "
                f"{[rows, *values.shape[1:]]}"
            )
        elif not np.isfinite(outputs[name]).all():
            number = outputs[name][~np.isfinite(outputs[name])].flat[0]
            yield f"{name}, images {asked}: received {number}, expected finite numbers"
    num_classes = expected[PROBABILITIES_KEY].shape[1]
    classes = outputs[CLASSES_KEY]
    if ((classes < 0) | (classes >= num_classes)).any():
        yield (
            f"{CLASSES_KEY}, images {asked}: received {classes.min()} to {classes.max()}, expected "
            f"0 to {num_classes - 1}"
        )


def _find_wrong_weights(
    export_format: ExportFormat, constants: Mapping[str, int], weight_bytes: int
) -> Iterator[str]:
    bounds = BOUNDS[export_format]
    if not constants.get(bounds.weight_type):
        yield (
            f"weights are of {', '.join(sorted(constants)) or 'no type'}, expected some of "
            f"{bounds.weight_type}"
        )
    share = sum(constants.values()) / max(weight_bytes, 1)
    if share > bounds.max_weight_share:
        yield (
            f"weights take {share:.2f} of those of the SavedModel, expected at most "
            f"{bounds.max_weight_share}"
        )


def _find_disagreement(
    export_format: ExportFormat, answers: Answers, expected: Expected
) -> Iterator[str]:
    bounds = BOUNDS[export_format]
    # Of a few images asked one by one, a single near tie would be too large a share.
    agreement = compare(answers.batched, expected.answers).agreement
    if agreement < bounds.min_agreement:
        yield (
            f"agreement on {len(answers.batched[CLASSES_KEY])} test images is {agreement:.4f}, "
            f"expected at least {bounds.min_agreement}"
        )
    for asked, outputs in (("in batches", answers.batched), ("one by one", answers.single)):
        difference = compare(outputs, expected.answers).max_difference
        if not difference <= bounds.max_difference:  # NaN is none of both
            yield (
                f"largest difference of a probability, images {asked}: {difference:.2g}, "
                f"expected at most {bounds.max_difference:g}"
            )
        probabilities, classes = outputs[PROBABILITIES_KEY], outputs[CLASSES_KEY]
        chosen = np.take_along_axis(probabilities, classes[:, np.newaxis], axis=1)
        # Quantized, several classes can share the highest probability.
        num_wrong = int((chosen[:, 0] < probabilities.max(axis=1)).sum())
        if num_wrong:
            yield (
                f"{CLASSES_KEY}, images {asked}: {num_wrong} are not the most probable class, "
                "expected none"
            )


def _narrow(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    types = _TYPES_OF_TENSORFLOW_JS
    return {
        name: replace(tensor, dtype=types.get(tensor.dtype, tensor.dtype))
        for name, tensor in tensors.items()
    }


def _render(tensors: Mapping[str, Tensor]) -> str:
    return ", ".join(f"{name} {tensor}" for name, tensor in sorted(tensors.items()))
