"""Metrics that a configuration names: their values, and what is told of their bounds."""

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import tensorflow_model_analysis as tfma
from sklearn import metrics as sk
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.answer_metrics import CONFIDENCE_BUCKETS
from components.evaluation.result import read_evaluation, read_metrics
from pipeline.config import Thresholds
from pipeline.evaluation import make_eval_config
from pipeline.metrics import FORMS, OF_ROWS, ONE_VERSUS_REST, RANKING, TOP_K, Form

NUM_ROWS, CLASSES = 200, (0, 1, 2)

_random = np.random.default_rng(0)
LABELS = _random.choice(4, NUM_ROWS, p=[0.1, 0.3, 0.4, 0.2])
_scores = np.exp(_random.normal(size=(NUM_ROWS, 4)) + 2 * np.eye(4)[LABELS])
PROBABILITIES = (_scores / _scores.sum(axis=1, keepdims=True)).astype(np.float32)
# A softmax in 32 bits may well be sure.
PROBABILITIES[0] = np.eye(4)[LABELS[0]]
ANSWERS = PROBABILITIES.argmax(axis=1)

OF_ONE_CLASS: dict[str, Callable[[Any, Any], float]] = {
    "BalancedAccuracy": sk.balanced_accuracy_score,
    "F1Score": sk.f1_score,
    "FallOut": lambda label, answer: 1 - sk.recall_score(~label, ~answer),
    "FalseDiscoveryRate": lambda label, answer: 1 - sk.precision_score(label, answer),
    "FalseOmissionRate": lambda label, answer: 1 - sk.precision_score(~label, ~answer),
    "FNR": lambda label, answer: 1 - sk.recall_score(label, answer),
    "FowlkesMallowsIndex": lambda label, answer: np.sqrt(
        sk.precision_score(label, answer) * sk.recall_score(label, answer)
    ),
    "FPR": lambda label, answer: 1 - sk.recall_score(~label, ~answer),
    "Informedness": lambda label, answer: sk.balanced_accuracy_score(label, answer, adjusted=True),
    "Markedness": lambda label, answer: sk.balanced_accuracy_score(answer, label, adjusted=True),
    "MatthewsCorrelationCoefficient": sk.matthews_corrcoef,
    "MissRate": lambda label, answer: 1 - sk.recall_score(label, answer),
    "NegativePredictiveValue": lambda label, answer: sk.precision_score(~label, ~answer),
    "NPV": lambda label, answer: sk.precision_score(~label, ~answer),
    "PPV": sk.precision_score,
    "Precision": sk.precision_score,
    "Recall": sk.recall_score,
    "Specificity": lambda label, answer: sk.recall_score(~label, ~answer),
    "ThreatScore": sk.jaccard_score,
    "TNR": lambda label, answer: sk.recall_score(~label, ~answer),
    "TPR": sk.recall_score,
}
OF_RANKS: dict[str, Callable[[Any, Any], float]] = {
    "AUC": sk.roc_auc_score,
    "AUCPrecisionRecall": sk.average_precision_score,
}


def list_entries(metrics: Mapping[str, tuple[Form, ...]]) -> Iterator[dict[str, Any]]:
    """Yields metrics in each of their forms."""
    for metric, forms in metrics.items():
        top_k = {"top_k": 2} if metric == TOP_K else {}
        for form in forms:
            wish: dict[str, Any] = {}
            if form == Form.EACH_CLASS:
                wish = {"each_class": True, "at_least": 0}
            elif form != Form.ALL_ROWS:
                wish = {"average": form.removeprefix("average: ")}
            yield {"metric": metric, **wish, **top_k}


def expect(metric: str, form: Form) -> list[float]:
    """Returns what scikit-learn says, of each class or of all."""
    formula = (OF_ONE_CLASS | OF_RANKS)[metric]
    labels = [label == LABELS for label in CLASSES]
    if metric in OF_RANKS:
        answers = [PROBABILITIES[:, label] for label in CLASSES]
    else:
        answers = [label == ANSWERS for label in CLASSES]
    if form == Form.MICRO:
        return [formula(np.concatenate(labels), np.concatenate(answers))]
    values = [formula(label, answer) for label, answer in zip(labels, answers, strict=True)]
    if form == Form.EACH_CLASS:
        return values
    weights = [label.sum() for label in labels] if form == Form.WEIGHTED else None
    return [float(np.average(values, weights=weights))]


def make_config(*entries: dict[str, Any], has_baseline: bool = False) -> config_pb2.EvalConfig:
    thresholds = Thresholds.model_validate(
        {
            "accuracy": 0,
            "class_accuracy": 0,
            "max_accuracy_drop": 1,
            "min_rows": 1,
            "metrics": entries,
        }
    )
    eval_config = make_eval_config(thresholds, CLASSES)
    if has_baseline:
        [candidate] = eval_config.model_specs
        candidate.name = "candidate"
        eval_config.model_specs.add(
            name="baseline",
            label_key="label",
            prediction_key="baseline_probabilities",
            is_baseline=True,
        )
    return eval_config


def make_rows(
    labels: Any = LABELS, probabilities: Any = PROBABILITIES, **others: Any
) -> dict[str, Any]:
    return {
        "label": np.reshape(labels, (-1, 1)).tolist(),
        "probabilities": np.asarray(probabilities).tolist(),
        **others,
    }


def find_refused(evaluation: Path) -> list[str]:
    return [str(check) for check in read_evaluation(str(evaluation)).checks if not check.passed]


def test_every_metric_is_what_another_library_says(evaluate: Callable[..., Path]):
    folder = evaluate(make_config(*list_entries({**ONE_VERSUS_REST, **RANKING})), make_rows())

    result = read_evaluation(str(folder))
    names = {name: tfma.metrics.__dict__[name]().name for name in (*OF_ONE_CLASS, *OF_RANKS)}
    measured = {
        (metric, form): [result.metrics[f"{name} (class {label})"] for label in CLASSES]
        if form == Form.EACH_CLASS
        else [result.metrics[f"{name} ({form.removeprefix('average: ')} average)"]]
        for metric, name in names.items()
        for form in FORMS[metric]
    }

    for (metric, form), values in measured.items():
        # TFMA draws the curves through 10,000 points; that of precision differs between them.
        tolerance = {"AUC": 1e-3, "AUCPrecisionRecall": 1e-2}.get(metric, 1e-9)
        assert values == pytest.approx(expect(metric, form), abs=tolerance), (metric, form)


def test_the_metrics_of_all_rows_are_what_another_library_says(evaluate: Callable[..., Path]):
    folder = evaluate(make_config(*list_entries(OF_ROWS)), make_rows())

    result = read_evaluation(str(folder))
    confidence, is_right = PROBABILITIES.max(axis=1), ANSWERS == LABELS
    buckets = np.minimum(confidence * CONFIDENCE_BUCKETS, CONFIDENCE_BUCKETS - 1).astype(int)
    gaps = [
        abs(sum(confidence[buckets == each]) - sum(is_right[buckets == each]))
        for each in range(CONFIDENCE_BUCKETS)
    ]
    assert result.metrics["expected_calibration_error"] == pytest.approx(sum(gaps) / NUM_ROWS)
    assert result.metrics["cross_entropy"] == pytest.approx(
        -np.log(PROBABILITIES[np.arange(NUM_ROWS), LABELS]).mean(), rel=1e-5
    )
    assert result.metrics["top_2_accuracy"] == pytest.approx(
        sk.top_k_accuracy_score(LABELS, PROBABILITIES, k=2)
    )
    of_class_1 = LABELS == 1
    [check] = [
        each for each in result.checks if (each.metric, each.slice) == ("top_2_accuracy", "label 1")
    ]
    assert check.value == pytest.approx(
        sk.top_k_accuracy_score(LABELS[of_class_1], PROBABILITIES[of_class_1], k=2, labels=range(4))
    )


def test_bounds_of_averages_hold_or_not(evaluate: Callable[..., Path]):
    f1 = expect("F1Score", Form.MACRO)[0]
    rows = make_rows()

    folder = evaluate(
        make_config(
            {"metric": "F1Score", "average": "macro", "at_least": f1 + 0.01},
            {"metric": "Recall", "average": "macro", "at_least": 0.1},
            {"metric": "ExpectedCalibrationError", "at_most": 0.001},
        ),
        rows,
    )

    assert [each.partition(" is ")[0] for each in find_refused(folder)] == [
        "expected_calibration_error of all",
        "f1_score (macro average) of all",
    ]
    assert f"is {f1:.4f} < {f1 + 0.01:.4f} (200 rows)" in find_refused(folder)[1]
    assert not tfma.load_validation_result(str(folder)).validation_ok


def test_each_class_is_held_to_a_bound_but_for_those_that_are_not_measured(
    evaluate: Callable[..., Path],
):
    labels = [0, 0, 1, 1, 2, 2, 3]
    answers = [0, 0, 0, 1, 2, 2, 1]

    folder = evaluate(
        make_config({"metric": "Precision", "each_class": True, "at_least": 0.7}),
        make_rows(labels, np.eye(4)[answers]),
    )

    assert find_refused(folder) == [
        "precision (class 0) of all is 0.6667 < 0.7000 (7 rows)",
        "precision (class 1) of all is 0.5000 < 0.7000 (7 rows)",
    ]
    checks = read_evaluation(str(folder)).checks
    told = [each for each in checks if each.metric.startswith("precision")]
    assert [(each.metric, each.passed) for each in told][2:] == [("precision (class 2)", True)]


def test_a_value_that_is_not_defined_is_refused(evaluate: Callable[..., Path]):
    folder = evaluate(
        make_config({"metric": "Precision", "each_class": True, "at_least": 0.0}),
        make_rows([0, 1, 2], np.eye(4)[[0, 1, 1]]),
    )

    assert find_refused(folder) == [
        "precision (class 2) of all is nan, expected >= 0.0000 (3 rows)"
    ]
    assert not tfma.load_validation_result(str(folder)).validation_ok


def test_changes_to_the_last_blessed_model_are_held_to_what_they_may_be(
    evaluate: Callable[..., Path],
):
    labels = [0, 0, 1, 1, 2, 2]

    folder = evaluate(
        make_config(
            {"metric": "F1Score", "average": "macro", "max_drop": 0.1},
            {"metric": "Recall", "each_class": True, "max_drop": 0.2},
            {"metric": "ExpectedCalibrationError", "max_rise": 0.1},
            has_baseline=True,
        ),
        make_rows(
            labels,
            np.eye(4)[[0, 0, 1, 0, 2, 2]],
            baseline_probabilities=np.eye(4)[labels].tolist(),
        ),
        has_baseline=True,
    )

    f1 = sk.f1_score(labels, [0, 0, 1, 0, 2, 2], average="macro") - 1
    assert find_refused(folder) == [
        "expected_calibration_error change of all is 0.1667 > 0.1000 (6 rows)",
        f"f1_score (macro average) change of all is {f1:.4f} < -0.1000 (6 rows)",
        "recall (class 1) change of all is -0.5000 < -0.2000 (6 rows)",
    ]
    result = read_evaluation(str(folder))
    assert result.baseline_metrics["recall (class 1)"] == 1.0


def test_without_rows_every_metric_is_missing(evaluate: Callable[..., Path]):
    folder = evaluate(
        make_config(
            {"metric": "F1Score", "average": "macro", "at_least": 0.9},
            {"metric": "Precision", "each_class": True, "at_least": 0.9},
        ),
        {"label": [], "probabilities": []},
    )

    refused = find_refused(folder)
    assert "f1_score (macro average) of all was not measured, expected >= 0.9000 (0 rows)" in (
        refused
    )
    assert "precision (class 2) of all was not measured, expected >= 0.9000 (0 rows)" in refused


def test_the_record_of_a_push_has_a_metric_of_each_class(evaluate: Callable[..., Path]):
    folder = evaluate(make_config({"metric": "Recall", "each_class": True}), make_rows())

    recalls = {name: value for name, value in read_metrics(str(folder)).items() if "recall" in name}

    assert list(recalls) == [f"recall (class {label})" for label in CLASSES]
    assert list(recalls.values()) == pytest.approx(expect("Recall", Form.EACH_CLASS))
    assert "sparse_categorical_accuracy" in read_metrics(str(folder))
