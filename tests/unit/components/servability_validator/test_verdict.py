"""What is wrong with the answer of a signature that names its classes."""

import numpy as np
import pytest

from components.servability_validator.verdict import find_malformed, find_probabilities

NAMES = np.array([[b"cat", b"dog"]] * 3)
SCORES = np.array([[0.25, 0.75]] * 3, np.float32)


def test_names_beside_scores_are_as_they_should_be():
    assert list(find_malformed({"classes": NAMES, "scores": SCORES}, 3)) == []


@pytest.mark.parametrize(
    ("classes", "received"),
    [
        (NAMES[:, :1], "|S3 [3, 1]"),
        (NAMES[:, 0], "|S3 [3]"),
        (np.array([[0, 1]] * 3), "int64 [3, 2]"),
    ],
    ids=["too few", "one a row", "numbers"],
)
def test_other_names_are_refused(classes: np.ndarray, received: str):
    [problem] = find_malformed({"classes": classes, "scores": SCORES}, 3)

    assert problem == (
        f"classes: expected a name, as bytes, beside each of the scores [3, 2], received {received}"
    )


def test_scores_that_are_no_distribution_are_refused():
    [problem] = find_malformed({"classes": NAMES, "scores": 2 * SCORES}, 3)

    assert problem == "scores: expected rows that sum to 1, received a sum of 2.000000"


@pytest.mark.parametrize(
    ("outputs", "expected"),
    [
        ({"classes", "probabilities"}, "probabilities"),
        ({"classes", "scores"}, "scores"),
        ({"boxes", "classes", "scores"}, None),
        ({"image_xf", "label_xf"}, None),
    ],
)
def test_probabilities_are_looked_for_where_our_signatures_have_them(
    outputs: set[str], expected: str | None
):
    assert find_probabilities(outputs) == expected
