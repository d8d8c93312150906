"""Metrics from one count of the rows: what TFMA and Keras measure, each by itself, is the same."""

from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation import row_metrics

THEIRS = (
    ("SparseCategoricalAccuracy", ""),
    ("SparseCategoricalCrossentropy", ""),
    ("MultiClassConfusionMatrixPlot", ""),
    ("ExampleCount", ""),
)
OURS = tuple(
    (metric.__name__, metric.__module__)
    for metric in (
        row_metrics.SparseCategoricalAccuracy,
        row_metrics.SparseCategoricalCrossentropy,
        row_metrics.AnswersPlot,
        row_metrics.RowCount,
    )
)

NUM_ROWS, NUM_CLASSES = 300, 4
_random = np.random.default_rng(0)
LABELS = _random.integers(NUM_CLASSES, size=NUM_ROWS)


def make_probabilities(certainty: float) -> np.ndarray:
    scores = np.exp(
        _random.normal(size=(NUM_ROWS, NUM_CLASSES)) + certainty * np.eye(NUM_CLASSES)[LABELS]
    )
    return (scores / scores.sum(axis=1, keepdims=True)).astype(np.float32)


PROBABILITIES = make_probabilities(2)
PROBABILITIES[:4] = [
    np.eye(NUM_CLASSES)[LABELS[0]],  # a softmax in 32 bits may well be sure
    np.eye(NUM_CLASSES)[(LABELS[1] + 1) % NUM_CLASSES],  # and wrong
    [0.25] * NUM_CLASSES,  # of equals, the first is the answer
    [0.0] * NUM_CLASSES,  # no answer at all
]
ROWS = {
    "label": LABELS[:, np.newaxis].tolist(),
    "probabilities": PROBABILITIES.tolist(),
    "earlier_probabilities": make_probabilities(1).tolist(),
    "weight": _random.choice([0.5, 1.0, 3.0], (NUM_ROWS, 1)).tolist(),
}


def make_config(
    metrics: tuple[tuple[str, str], ...], *, weighted: bool, has_baseline: bool
) -> config_pb2.EvalConfig:
    specs = [("candidate" if has_baseline else "", "probabilities")]
    if has_baseline:
        specs.append(("baseline", "earlier_probabilities"))
    return config_pb2.EvalConfig(
        model_specs=[
            config_pb2.ModelSpec(
                name=name,
                label_key="label",
                prediction_key=key,
                example_weight_key="weight" if weighted else "",
                is_baseline=name == "baseline",
            )
            for name, key in specs
        ],
        slicing_specs=[config_pb2.SlicingSpec(), config_pb2.SlicingSpec(feature_keys=["label"])],
        metrics_specs=[
            config_pb2.MetricsSpec(
                metrics=[
                    config_pb2.MetricConfig(class_name=name, module=module)
                    for name, module in metrics
                ]
            )
        ],
    )


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("has_baseline", [False, True])
def test_values_and_their_keys_are_those_of_tfma_and_keras(
    evaluate: Callable[..., Path], *, weighted: bool, has_baseline: bool
):
    models = ["candidate", "baseline"] if has_baseline else [None]
    ours, theirs = (
        _load(
            evaluate(
                make_config(metrics, weighted=weighted, has_baseline=has_baseline),
                ROWS,
                has_baseline=has_baseline,
            ),
            models,
        )
        for metrics in (OURS, THEIRS)
    )

    assert len(theirs) > len(models) * (1 + NUM_CLASSES) * len(THEIRS)
    assert ours.keys() == theirs.keys()
    for leaf, value in theirs.items():
        assert ours[leaf] == (
            pytest.approx(value, rel=1e-6, abs=1e-6) if isinstance(value, float) else value
        ), leaf


def test_a_label_that_is_none_of_the_classes_is_an_error(evaluate: Callable[..., Path]):
    rows = {"label": [[0], [NUM_CLASSES]], "probabilities": PROBABILITIES[:2].tolist()}
    eval_config = make_config(OURS, weighted=False, has_baseline=False)

    with pytest.raises(ValueError, match="expected a label from 0 to 3") as error:
        evaluate(eval_config, rows)

    assert "received 4" in str(error.value)


def _load(evaluation: Path, models: Sequence[str | None]) -> dict[tuple[object, ...], object]:
    """Returns all that was measured, by model, slice and metric."""
    results = {model: tfma.load_eval_result(str(evaluation), model_name=model) for model in models}
    return _flatten(
        {
            model: {"metrics": dict(result.slicing_metrics), "plots": dict(result.plots)}
            for model, result in results.items()
        }
    )


def _flatten(value: object, path: tuple[object, ...] = ()) -> dict[tuple[object, ...], object]:
    """Returns the leaves of nested dicts, and of lists and pairs in them, by where they are."""
    if not isinstance(value, dict | list | tuple):
        return {path: value}
    items = value.items() if isinstance(value, dict) else enumerate(value)
    return {
        leaf: found for key, each in items for leaf, found in _flatten(each, (*path, key)).items()
    }
