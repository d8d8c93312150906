"""What the gate of exports lets pass, and what it says of the rest."""

from dataclasses import replace

import numpy as np
import pytest

from components.model_exporter.formats import ExportFormat
from components.model_exporter.gate import Expected, compare, find_faults
from components.model_exporter.proof.answers import Answers, Tensor

_NUM_IMAGES = 1000
_NUM_SINGLE = 64
_WEIGHT_BYTES = 1000
_INPUTS = {"images": Tensor(dtype="uint8", shape=(None, 28, 28))}
_OUTPUTS = {
    "probabilities": Tensor(dtype="float32", shape=(None, 10)),
    "classes": Tensor(dtype="int64", shape=(None,)),
}


def _outputs() -> dict[str, np.ndarray]:
    """Half of each probability goes to one class, which changes from image to image."""
    classes = np.arange(_NUM_IMAGES) % 10
    probabilities = np.full((_NUM_IMAGES, 10), 0.5 / 9, np.float32)
    probabilities[np.arange(_NUM_IMAGES), classes] = 0.5
    return {"probabilities": probabilities, "classes": classes}


@pytest.fixture
def expected() -> Expected:
    return Expected(
        inputs=_INPUTS, outputs=_OUTPUTS, weight_bytes=_WEIGHT_BYTES, answers=_outputs()
    )


@pytest.fixture
def answers() -> Answers:
    """Returns what a right file answers."""
    batched = _outputs()
    return Answers(
        inputs=_INPUTS,
        outputs=_OUTPUTS,
        constants={"float32": _WEIGHT_BYTES},
        batched=batched,
        single={name: values[:_NUM_SINGLE].copy() for name, values in batched.items()},
        latency_ms=1.0,
        peak_memory_bytes=1,
    )


def _faults(
    answers: Answers,
    expected: Expected,
    export_format: ExportFormat = ExportFormat.ONNX,
    calibration_images: int = 0,
) -> list[str]:
    return list(find_faults(export_format, answers, expected, calibration_images))


@pytest.mark.parametrize(
    "export_format", [ExportFormat.TFLITE, ExportFormat.ONNX], ids=lambda each: each
)
def test_a_file_that_answers_as_the_model_does_has_no_fault(
    answers: Answers, expected: Expected, export_format: ExportFormat
):
    assert _faults(answers, expected, export_format) == []


def test_one_image_in_a_thousand_may_become_another_class(answers: Answers, expected: Expected):
    for number, faults in ((0, 0), (1, 1)):
        # Of two classes that are nearly as probable.
        expected.answers["probabilities"][number, :2] = 0.5
        answers.batched["probabilities"][number, :2] = 0.5
        answers.single["probabilities"][number, :2] = 0.5
        expected.answers["classes"][number] = 0
        answers.batched["classes"][number] = 1
        messages = _faults(answers, expected)
        assert len(messages) == faults

    assert messages == ["agreement on 1000 test images is 0.9980, expected at least 0.999"]


@pytest.mark.parametrize("asked", ["batched", "single"])
def test_a_probability_that_differs_is_named_with_value_and_bound(
    answers: Answers, expected: Expected, asked: str
):
    getattr(answers, asked)["probabilities"][3, 3] += 2e-5

    [fault] = _faults(answers, expected)

    images = {"batched": "images in batches", "single": "images one by one"}[asked]
    assert fault == (
        f"largest difference of a probability, {images}: 2e-05, expected at most 1e-05"
    )


@pytest.mark.parametrize("number", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(
    answers: Answers, expected: Expected, number: float
):
    answers.batched["probabilities"][5, 5] = number

    assert _faults(answers, expected) == [
        f"probabilities, images in batches: received {number}, expected finite numbers"
    ]


def test_a_class_that_is_not_the_most_probable_one_is_refused(answers: Answers, expected: Expected):
    answers.batched["classes"][7] = 3
    expected.answers["classes"][7] = 3  # or it would be a disagreement

    assert _faults(answers, expected) == [
        "classes, images in batches: 1 are not the most probable class, expected none"
    ]


@pytest.mark.parametrize(
    ("inputs", "outputs", "received"),
    [
        ({"input_1": _INPUTS["images"]}, _OUTPUTS, "inputs are input_1 uint8 [?, 28, 28]"),
        (
            {"images": Tensor(dtype="uint8", shape=(1, 28, 28))},
            _OUTPUTS,
            "inputs are images uint8 [1, 28, 28]",
        ),
        (
            _INPUTS,
            {**_OUTPUTS, "classes": Tensor(dtype="int32", shape=(None,))},
            "outputs are classes int32 [?], probabilities float32 [?, 10]",
        ),
    ],
    ids=["name", "shape", "type"],
)
def test_another_signature_is_refused(
    answers: Answers,
    expected: Expected,
    inputs: dict[str, Tensor],
    outputs: dict[str, Tensor],
    received: str,
):
    [fault] = _faults(replace(answers, inputs=inputs, outputs=outputs), expected)

    assert fault.startswith(f"{received}, expected ")


def test_tensorflow_js_is_known_to_have_neither_bytes_nor_wide_integers(
    answers: Answers, expected: Expected
):
    narrow = replace(
        answers,
        inputs={"images": Tensor(dtype="int32", shape=(None, 28, 28))},
        outputs={**_OUTPUTS, "classes": Tensor(dtype="int32", shape=(None,))},
    )

    assert _faults(narrow, expected, ExportFormat.TFJS) == []
    assert len(_faults(answers, expected, ExportFormat.TFJS)) == 1


def test_rows_that_are_missing_are_refused(answers: Answers, expected: Expected):
    answers.batched["classes"] = answers.batched["classes"][:-1]

    assert _faults(answers, expected) == [
        "classes, images in batches: shape is [999], expected [1000]"
    ]


@pytest.mark.parametrize(
    ("export_format", "constants", "faults"),
    [
        (ExportFormat.TFLITE_INT8, {"int8": 250, "int32": 50}, []),
        (
            # What a converter makes that was given no images to calibrate with.
            ExportFormat.TFLITE_INT8,
            {"float32": 1000},
            [
                "weights are of float32, expected some of int8",
                "weights take 1.00 of those of the SavedModel, expected at most 0.4",
            ],
        ),
        (
            ExportFormat.TFLITE_INT8,
            {"int8": 10, "float32": 960},
            ["weights take 0.97 of those of the SavedModel, expected at most 0.4"],
        ),
        (ExportFormat.TFLITE_FLOAT16, {"float16": 500}, []),
        (
            ExportFormat.TFLITE_FLOAT16,
            {"float32": 500},
            ["weights are of float32, expected some of float16"],
        ),
    ],
)
def test_weights_are_of_the_type_and_size_that_the_format_promises(
    answers: Answers,
    expected: Expected,
    export_format: ExportFormat,
    constants: dict[str, int],
    faults: list[str],
):
    compact = replace(answers, constants=constants)

    assert _faults(compact, expected, export_format, calibration_images=300) == faults


@pytest.mark.parametrize("number", [0, 1, 99])
def test_an_int8_model_needs_images_to_be_calibrated_with(
    answers: Answers, expected: Expected, number: int
):
    quantized = replace(answers, constants={"int8": 250})

    assert _faults(quantized, expected, ExportFormat.TFLITE_INT8, number) == [
        f"calibration took {number} images, expected at least 100"
    ]


def test_fewer_answers_are_compared_with_the_first_of_those_expected(
    answers: Answers, expected: Expected
):
    parity = compare(answers.single, expected.answers)

    assert parity.agreement == 1.0
    assert parity.max_difference == 0.0


@pytest.mark.parametrize("number", [-1, 10])
def test_a_class_that_there_is_not_is_refused(answers: Answers, expected: Expected, number: int):
    answers.batched["classes"][:] = number

    assert _faults(answers, expected) == [
        f"classes, images in batches: received {number} to {number}, expected 0 to 9"
    ]


def test_a_handful_of_test_images_proves_nothing(answers: Answers, expected: Expected):
    few = replace(expected, answers={name: rows[:64] for name, rows in expected.answers.items()})

    assert _faults(replace(answers, batched=answers.single), few) == [
        "it was compared on 64 test images, expected at least 200"
    ]
