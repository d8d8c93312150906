"""Thresholds of every form: what TFMA decides is told of the metric that it decided on."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import tensorflow_model_analysis as tfma
from google.protobuf import json_format
from tensorflow_model_analysis.proto import config_pb2

from components.evaluation.result import read_evaluation

ROWS = {
    "label": [[0], [0], [1], [1]],
    "weight": [[0.1], [0.1], [0.1], [0.3]],
    "pen": [["felt"], ["felt"], ["felt"], ["ball"]],
    "probabilities": [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.7, 0.3]],
    "baseline_probabilities": [[0.9, 0.1], [0.8, 0.2], [0.2, 0.8], [0.2, 0.8]],
}
ALL: dict[str, Any] = {}
EACH = {"featureKeys": ["label"]}
ONES = {"featureValues": {"label": "1"}}
SEVENS = {"featureValues": {"label": "7"}}
ACCURACY = "SparseCategoricalAccuracy"
CROSS_ENTROPY = "SparseCategoricalCrossentropy"
PRECISION = "Precision"
MODELS = [
    {"name": "candidate", "labelKey": "label", "predictionKey": "probabilities"},
    {
        "name": "baseline",
        "labelKey": "label",
        "predictionKey": "baseline_probabilities",
        "isBaseline": True,
    },
]


def metric(class_name: str, *sliced: tuple[dict[str, Any], dict[str, Any]]) -> dict[str, Any]:
    """Returns a metric with its thresholds, each for a slice."""
    return {
        "className": class_name,
        "perSliceThresholds": [
            {"slicingSpecs": [spec], "threshold": threshold} for spec, threshold in sliced
        ],
    }


def value(**bounds: float) -> dict[str, Any]:
    return {"valueThreshold": bounds}


def change(direction: str, **bounds: float) -> dict[str, Any]:
    return {"changeThreshold": {"direction": direction, **bounds}}


class Case(NamedTuple):
    """An evaluation, the checks that TFMA refuses, and how many it accepts."""

    metrics_specs: list[dict[str, Any]]
    refused: list[str]
    num_passed: int
    has_baseline: bool = False
    others: tuple[tuple[str, Any], ...] = ()


CASES = {
    "the second of two metrics": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ALL, value(lowerBound=0.7))),
                    metric(CROSS_ENTROPY, (ALL, value(lowerBound=0.9))),
                ]
            }
        ],
        ["cross_entropy of all is 0.4389 < 0.9000 (4 rows)"],
        num_passed=1,
    ),
    "an upper bound": Case(
        [{"metrics": [metric(CROSS_ENTROPY, (ALL, value(upperBound=0.4)))]}],
        ["cross_entropy of all is 0.4389 > 0.4000 (4 rows)"],
        num_passed=0,
    ),
    "both bounds, of which one holds": Case(
        [{"metrics": [metric(ACCURACY, (ALL, value(lowerBound=0.8, upperBound=0.9)))]}],
        ["accuracy of all is 0.7500 < 0.8000 (4 rows)"],
        num_passed=1,
    ),
    "a slice of two": Case(
        [{"metrics": [metric(ACCURACY, (EACH, value(lowerBound=0.6)))]}],
        ["accuracy of label 1 is 0.5000 < 0.6000 (2 rows)"],
        num_passed=1,
    ),
    "two thresholds of one slice": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ONES, value(lowerBound=0.4)), (EACH, value(lowerBound=0.6)))
                ]
            }
        ],
        ["accuracy of label 1 is 0.5000 < 0.6000 (2 rows)"],
        num_passed=2,
    ),
    "a threshold of no slice in particular": Case(
        [{"metrics": [{"className": ACCURACY, "threshold": value(lowerBound=0.7)}]}],
        ["accuracy of label 1 is 0.5000 < 0.7000 (2 rows)"],
        num_passed=2,
    ),
    "one class of a metric of two": Case(
        [
            {
                "binarize": {"classIds": {"values": [0, 1]}},
                "metrics": [metric(PRECISION, (ALL, value(lowerBound=0.7)))],
            }
        ],
        ["precision (class 0) of all is 0.6667 < 0.7000 (4 rows)"],
        num_passed=1,
    ),
    "an average over classes": Case(
        [
            {
                "binarize": {"classIds": {"values": [0, 1]}},
                "aggregate": {"macroAverage": True, "classWeights": {"0": 1.0, "1": 1.0}},
                "metrics": [metric(PRECISION, (ALL, value(lowerBound=0.9)))],
            }
        ],
        [
            "precision (class 0) of all is 0.6667 < 0.9000 (4 rows)",
            "precision (macro average) of all is 0.8333 < 0.9000 (4 rows)",
        ],
        num_passed=1,
    ),
    "a change": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ALL, change("HIGHER_IS_BETTER", absolute=-0.1))),
                    metric(CROSS_ENTROPY, (ALL, change("LOWER_IS_BETTER", absolute=0.1))),
                ]
            }
        ],
        [
            "accuracy change of all is -0.2500 < -0.1000 (4 rows)",
            "cross_entropy change of all is 0.2452 > 0.1000 (4 rows)",
        ],
        num_passed=0,
        has_baseline=True,
    ),
    "a relative change": Case(
        [
            {
                "metrics": [
                    metric(
                        ACCURACY, (ALL, change("HIGHER_IS_BETTER", absolute=-0.3, relative=-0.2))
                    ),
                ]
            }
        ],
        ["accuracy relative change of all is -0.2500 < -0.2000 (4 rows)"],
        num_passed=1,
        has_baseline=True,
    ),
    "a change beside a value": Case(
        [
            {
                "metrics": [
                    metric(
                        ACCURACY,
                        (
                            ALL,
                            {**value(lowerBound=0.7), **change("HIGHER_IS_BETTER", absolute=-0.1)},
                        ),
                    ),
                ]
            }
        ],
        ["accuracy change of all is -0.2500 < -0.1000 (4 rows)"],
        num_passed=1,
        has_baseline=True,
    ),
    "a slice without rows": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ALL, value(lowerBound=0.7)), (SEVENS, value(lowerBound=0)))
                ]
            }
        ],
        ["accuracy of label 7 was not measured, expected >= 0.0000 (0 rows)"],
        num_passed=1,
    ),
    "a metric that is not there": Case(
        [
            {
                "metrics": [metric(ACCURACY, (ALL, value(lowerBound=0.7)))],
                "thresholds": {"no_such_metric": value(lowerBound=0.7)},
            }
        ],
        [
            f"no_such_metric of {rows} was not measured, expected >= 0.7000 ({count} rows)"
            for rows, count in (("all", 4), ("label 0", 2), ("label 1", 2))
        ],
        num_passed=1,
    ),
    "a metric that is not there, for one slice": Case(
        [
            {
                "metrics": [metric(ACCURACY, (ALL, value(lowerBound=0.7)))],
                "perSliceThresholds": {
                    "no_such_metric": {
                        "thresholds": [{"slicingSpecs": [ALL], "threshold": value(lowerBound=0.7)}]
                    }
                },
            }
        ],
        ["no_such_metric of all was not measured, expected >= 0.7000 (4 rows)"],
        num_passed=1,
    ),
    "a metric that is not there, for one class": Case(
        [
            {
                "metrics": [metric(ACCURACY, (ALL, value(lowerBound=0.7)))],
                "perSliceThresholds": {
                    "no_such_metric": {
                        "thresholds": [{"slicingSpecs": [ONES], "threshold": value(lowerBound=0.7)}]
                    }
                },
            }
        ],
        ["no_such_metric of label 1 was not measured, expected >= 0.7000 (2 rows)"],
        num_passed=1,
    ),
    "slices that are too small to be measured": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ALL, value(lowerBound=0.7)), (EACH, value(lowerBound=0)))
                ]
            }
        ],
        [
            "accuracy of label 0 was not measured, expected >= 0.0000",
            "accuracy of label 1 was not measured, expected >= 0.0000",
            "accuracy of label 0 was not measured, expected >= 0.7000",
        ],
        num_passed=1,
        others=(("options", {"minSliceSize": 3}),),
    ),
    "a slice that nothing makes": Case(
        [
            {
                "metrics": [
                    metric(
                        ACCURACY,
                        (ALL, value(lowerBound=0.7)),
                        ({"featureValues": {"weight": "0.1"}}, value(lowerBound=0.7)),
                    )
                ]
            }
        ],
        ["accuracy of weight 0.1 was not measured, expected >= 0.7000"],
        num_passed=1,
    ),
    "slices of numbers with a fraction": Case(
        [
            {
                "metrics": [
                    metric(
                        ACCURACY,
                        ({"featureValues": {"weight": "0.1"}}, value(lowerBound=1.1)),
                        ({"featureValues": {"weight": "0.3"}}, value(lowerBound=0.0)),
                    )
                ]
            }
        ],
        ["accuracy of weight 0.1 is 1.0000 < 1.1000 (3 rows)"],
        num_passed=1,
        others=(("slicingSpecs", [ALL, {"featureKeys": ["weight"]}]),),
    ),
    "slices of words, of two columns in any order": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, ({"featureKeys": ["label", "pen"]}, value(lowerBound=0.6))),
                    metric(
                        "ExampleCount",
                        ({"featureKeys": ["pen", "label"]}, value(lowerBound=2)),
                        ({"featureValues": {"pen": "chalk"}}, value(lowerBound=1)),
                    ),
                ]
            }
        ],
        [
            "accuracy of label 1, pen ball is 0.0000 < 0.6000 (1 row)",
            "number of rows of label 1, pen ball is 1 < 2",
            "number of rows of label 1, pen felt is 1 < 2",
            "number of rows of pen chalk is 0 < 1",
        ],
        num_passed=3,
        others=(
            ("slicingSpecs", [ALL, {"featureKeys": ["pen"]}, {"featureKeys": ["label", "pen"]}]),
        ),
    ),
    "a threshold that only asks for a value": Case(
        [{"metrics": [metric(ACCURACY, (ALL, value()), (SEVENS, value()))]}],
        ["accuracy of label 7 was not measured, expected >= -inf (0 rows)"],
        num_passed=1,
    ),
    "a slice of one value beside that of another": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ONES, value(lowerBound=0.4)), (SEVENS, value(lowerBound=0)))
                ]
            }
        ],
        ["accuracy of label 7 was not measured, expected >= 0.0000"],
        num_passed=1,
        others=(("slicingSpecs", [ALL, ONES]),),
    ),
    "a comparison of slices that holds": Case(
        [
            {
                "metrics": [
                    {
                        "className": ACCURACY,
                        "crossSliceThresholds": [
                            {
                                "crossSlicingSpecs": [
                                    {"baselineSpec": ALL, "slicingSpecs": [ONES]}
                                ],
                                "threshold": value(lowerBound=-0.5),
                            }
                        ],
                    }
                ]
            }
        ],
        [
            f"accuracy of {rows} was not measured, expected >= -0.5000"
            for rows in ("label 1 against all (TFMA blesses no model by a comparison of slices)",)
        ],
        num_passed=1,
        others=(("crossSlicingSpecs", [{"baselineSpec": ALL, "slicingSpecs": [ONES]}]),),
    ),
    "a change of the number of rows in a slice without any": Case(
        [
            {
                "metrics": [
                    metric(ACCURACY, (ALL, value(lowerBound=0.7))),
                    metric("ExampleCount", (SEVENS, change("HIGHER_IS_BETTER", absolute=-1.0))),
                ]
            }
        ],
        ["number of rows change of label 7 was not measured, expected >= -1.0000 (0 rows)"],
        num_passed=1,
        has_baseline=True,
    ),
    "a change relative to nothing": Case(
        [
            {
                "metrics": [
                    metric(
                        "FalsePositives",
                        (ALL, change("LOWER_IS_BETTER", relative=0.5)),
                    ),
                ],
                "binarize": {"classIds": {"values": [1]}},
            }
        ],
        ["false_positives (class 1) relative change of all is nan, expected <= 0.5000 (4 rows)"],
        num_passed=0,
        has_baseline=True,
    ),
    "one slice against another": Case(
        [
            {
                "metrics": [
                    {
                        "className": ACCURACY,
                        "crossSliceThresholds": [
                            {
                                "crossSlicingSpecs": [
                                    {"baselineSpec": ALL, "slicingSpecs": [EACH]}
                                ],
                                "threshold": value(lowerBound=-0.1),
                            }
                        ],
                    }
                ]
            }
        ],
        ["accuracy of label 0 against all is -0.2500 < -0.1000"],
        num_passed=1,
        others=(("crossSlicingSpecs", [{"baselineSpec": ALL, "slicingSpecs": [EACH]}]),),
    ),
    "a value with a confidence interval": Case(
        [{"metrics": [metric(ACCURACY, (ALL, value(lowerBound=0.8)))]}],
        ["accuracy of all is 0.7500 < 0.8000 (4 rows)"],
        num_passed=0,
        others=(
            (
                "options",
                {
                    "computeConfidenceIntervals": True,
                    "confidenceIntervals": {"method": "JACKKNIFE"},
                },
            ),
        ),
    ),
}


@pytest.mark.parametrize("case", CASES.values(), ids=CASES.keys())
def test_what_tfma_refuses_is_told_and_nothing_else(case: Case, evaluate: Callable[..., Path]):
    content = {
        "modelSpecs": MODELS[: 1 + case.has_baseline],
        "slicingSpecs": [ALL, EACH],
        "metricsSpecs": [*case.metrics_specs, {"metrics": [{"className": "ExampleCount"}]}],
        **dict(case.others),
    }
    eval_config = json_format.ParseDict(content, config_pb2.EvalConfig())

    evaluation = str(evaluate(eval_config, ROWS, has_baseline=case.has_baseline))

    checks = read_evaluation(evaluation).checks
    assert [str(check) for check in checks if not check.passed] == case.refused
    assert sum(check.passed for check in checks) == case.num_passed
    assert tfma.load_validation_result(evaluation).validation_ok is False


def test_what_tfma_accepts_is_told_with_every_bound(evaluate: Callable[..., Path]):
    content = {
        "modelSpecs": MODELS[:1],
        "slicingSpecs": [ALL, EACH],
        "metricsSpecs": [
            {"metrics": [metric(ACCURACY, (EACH, value(lowerBound=0.5, upperBound=1.0)))]}
        ],
    }
    eval_config = json_format.ParseDict(content, config_pb2.EvalConfig())

    evaluation = str(evaluate(eval_config, ROWS))

    assert [str(check) for check in read_evaluation(evaluation).checks] == [
        "accuracy of label 0 is 1.0000 >= 0.5000",
        "accuracy of label 0 is 1.0000 <= 1.0000",
        "accuracy of label 1 is 0.5000 >= 0.5000",
        "accuracy of label 1 is 0.5000 <= 1.0000",
    ]
    assert tfma.load_validation_result(evaluation).validation_ok is True


def test_metrics_of_candidate_and_baseline_have_the_same_names(evaluate: Callable[..., Path]):
    content = {
        "modelSpecs": MODELS,
        "metricsSpecs": [
            {"metrics": [{"className": ACCURACY}]},
            {
                "binarize": {"classIds": {"values": [1]}},
                "metrics": [{"className": PRECISION}],
            },
        ],
    }
    eval_config = json_format.ParseDict(content, config_pb2.EvalConfig())

    result = read_evaluation(str(evaluate(eval_config, ROWS, has_baseline=True)))

    assert result.metrics == {"accuracy": 0.75, "precision (class 1)": 1.0}
    assert result.baseline_metrics == {"accuracy": 1.0, "precision (class 1)": 1.0}
    assert result.has_baseline
