"""The EvalConfig that follows from thresholds, and TFMA's names in it."""

import inspect

import pytest
from google.protobuf import json_format
from tensorflow_model_analysis.metrics import metric_types
from tensorflow_model_analysis.metrics.confusion_matrix_metrics import AUC, ConfusionMatrixMetric

from pipeline.config import Thresholds
from pipeline.evaluation import make_eval_config
from pipeline.metrics import ONE_VERSUS_REST, RANKING, MetricThreshold

COUNTS = {
    *("FN", "FP", "FalseNegatives", "FalsePositives", "TN", "TP", "TrueNegatives"),
    "TruePositives",
}
OF_THE_DATA = {"PredictedPositiveRate", "Prevalence", "PrevalenceThreshold"}
WITHOUT_AN_UPPER_END = {
    "DiagnosticOddsRatio",
    "NegativeLikelihoodRatio",
    "PositiveLikelihoodRatio",
}
OF_YES_AND_NO = {"BinaryAccuracy", "MaxRecall"}
OF_OBJECTS_AND_SETS = {
    *("ObjectDetectionMaxRecall", "ObjectDetectionPrecision", "ObjectDetectionRecall"),
    *("SetMatchPrecision", "SetMatchRecall"),
}

OF_ROWS_MODULE = "components.evaluation.row_metrics"

ALL: dict[str, object] = {}
ZERO, ONE = ({"featureValues": {"label": label}} for label in "01")


def at_least(bound: float) -> dict[str, object]:
    return {"valueThreshold": {"lowerBound": bound}}


def test_without_further_metrics_it_is_what_it_was():
    specs = make_eval_config(Thresholds(), classes=(0, 1))

    overall = at_least(0.985) | {
        "changeThreshold": {"direction": "HIGHER_IS_BETTER", "absolute": -0.002}
    }
    assert json_format.MessageToDict(specs) == {
        "modelSpecs": [
            {
                "signatureName": "serving_default",
                "labelKey": "label",
                "predictionKey": "probabilities",
            }
        ],
        "slicingSpecs": [ALL, {"featureKeys": ["label"]}],
        "metricsSpecs": [
            {
                "metrics": [
                    {
                        "className": "SparseCategoricalAccuracy",
                        "module": OF_ROWS_MODULE,
                        "perSliceThresholds": [
                            {"slicingSpecs": [ALL], "threshold": overall},
                            {"slicingSpecs": [ZERO, ONE], "threshold": at_least(0.96)},
                        ],
                    },
                    {"className": "SparseCategoricalCrossentropy", "module": OF_ROWS_MODULE},
                    {"className": "AnswersPlot", "module": OF_ROWS_MODULE},
                    {
                        "className": "RowCount",
                        "module": OF_ROWS_MODULE,
                        "perSliceThresholds": [
                            {"slicingSpecs": [ALL, ZERO, ONE], "threshold": at_least(50)}
                        ],
                    },
                ]
            }
        ],
    }


@pytest.mark.parametrize(
    ("entry", "is_binarized"),
    [
        ({"metric": "F1Score", "average": "macro"}, False),
        ({"metric": "SparseTopKCategoricalAccuracy", "top_k": 3}, False),
        ({"metric": "ExpectedCalibrationError"}, False),
        ({"metric": "AUC", "average": "macro"}, True),
        ({"metric": "Precision", "each_class": True}, True),
    ],
)
def test_only_what_is_asked_for_is_binarized(entry: dict[str, object], is_binarized: bool):  # noqa: FBT001
    thresholds = Thresholds.model_validate({"metrics": [entry]})

    specs = make_eval_config(thresholds, classes=range(0, 4, 2)).metrics_specs

    binarized = [spec for spec in specs if spec.HasField("binarize") or spec.HasField("aggregate")]
    assert bool(binarized) == is_binarized
    classes = [
        sorted([*spec.binarize.class_ids.values, *spec.aggregate.class_weights])
        for spec in binarized
    ]
    assert classes == [[0, 2]] * len(binarized)


def test_a_bound_of_the_loss_is_held_to_the_loss_that_is_measured_anyway():
    loss = MetricThreshold(metric="SparseCategoricalCrossentropy", at_most=0.1)

    [spec] = make_eval_config(Thresholds(metrics=(loss,)), classes=(0, 1)).metrics_specs

    [measured] = [each for each in spec.metrics if each.class_name == loss.metric]
    [threshold] = measured.per_slice_thresholds
    assert threshold.threshold.value_threshold.upper_bound.value == pytest.approx(0.1)


def test_the_names_are_those_that_tfma_has_but_for_what_cannot_be_held_to_a_bound():
    registered = metric_types.registered_metrics()
    of_confusion_matrix = {
        name
        for name, each in registered.items()
        if issubclass(each, ConfusionMatrixMetric) and not inspect.isabstract(each)
    }

    assert of_confusion_matrix == {
        *ONE_VERSUS_REST,
        *COUNTS,
        *OF_THE_DATA,
        *WITHOUT_AN_UPPER_END,
        *OF_YES_AND_NO,
        *OF_OBJECTS_AND_SETS,
    }
    assert all(issubclass(registered[name], AUC) for name in RANKING)
