"""Makes all of a report that follows from artifacts; what cannot be made says why."""

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from tfx.components.statistics_gen.stats_artifact_utils import load_statistics
from tfx.dsl.io import fileio
from tfx.types import Artifact
from tfx.types.standard_component_specs import (
    ANOMALIES_KEY,
    EVALUATION_KEY,
    EXAMPLES_KEY,
    INFRA_BLESSING_KEY,
    MODEL_KEY,
    MODEL_RUN_KEY,
    SCHEMA_KEY,
    STATISTICS_KEY,
    TUNER_RESULTS_KEY,
)
from tfx.utils import path_utils

from components.anomaly_gate.reading import read_schema
from components.custom_properties import read_strings
from components.evaluation.result import read_evaluation
from components.run_report.artifact import PREVIOUS_STATISTICS_KEY
from components.run_report.content.data import Data
from components.run_report.content.evaluation import Evaluation, Predictions
from components.run_report.content.part import Missing, Part
from components.run_report.content.report import Measurements
from components.run_report.reading.data import read_features, read_samples, read_splits
from components.run_report.reading.origin import read_origin
from components.run_report.reading.predictions import ask_model
from components.run_report.reading.search import read_search
from components.run_report.reading.serving import read_serving
from components.run_report.reading.training import read_training
from components.run_report.reading.verdicts import list_anomalies, list_distances, print_contract
from modules.data_spec import DataSpec

_BEFORE = "before"
_AnyPart = TypeVar("_AnyPart", bound=Part)

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What is not in artifacts.

    Attributes:
      train_split: The split that the model learns from.
      eval_split: The split of the same rows that is held out.
      test_split: The split that the model is judged by.
      data: What the images are, and how classes are called.
      max_p99_latency_ms: The most that 99 of 100 requests of one image may take.
      model_code_digest: Digest of the code that trained the model.
      model_card: Markdown, or "".
    """

    train_split: str = "train"
    eval_split: str = "eval"
    test_split: str = "test"
    data: DataSpec
    max_p99_latency_ms: float
    model_code_digest: str
    model_card: str


def measure(
    artifacts: Mapping[str, Artifact], settings: Settings, *, pipeline_name: str, run_id: str
) -> Measurements:
    """Returns the measurements; raises nothing, since a report never fails a run that was good.

    Args:
      artifacts: By the names of RunReport's inputs; those that a run did not get as far as are
        not there.
      settings: What is not in them.
      pipeline_name: The pipeline.
      run_id: The run.
    """

    def make(needed: tuple[str, ...], read: Callable[[], _AnyPart]) -> _AnyPart | Missing:
        return _attempt(artifacts, needed, read)

    return Measurements(
        pipeline_name=pipeline_name,
        run_id=run_id,
        model_card=settings.model_card,
        class_names=settings.data.class_names,
        data=make(
            (EXAMPLES_KEY, STATISTICS_KEY, SCHEMA_KEY, ANOMALIES_KEY),
            lambda: _read_data(artifacts, settings),
        ),
        training=make((MODEL_RUN_KEY,), lambda: read_training(artifacts[MODEL_RUN_KEY].uri)),
        evaluation=make((EVALUATION_KEY,), lambda: _read_evaluation(artifacts[EVALUATION_KEY])),
        predictions=make(
            (MODEL_KEY, EXAMPLES_KEY),
            lambda: _read_predictions(artifacts, settings),
        ),
        serving=make(
            (MODEL_KEY, INFRA_BLESSING_KEY),
            lambda: read_serving(
                artifacts[MODEL_KEY], artifacts[INFRA_BLESSING_KEY], settings.max_p99_latency_ms
            ),
        ),
        origin=make(
            (EXAMPLES_KEY,),
            lambda: read_origin(artifacts, settings.model_code_digest),
        ),
        search=make((TUNER_RESULTS_KEY,), lambda: read_search(artifacts[TUNER_RESULTS_KEY].uri))
        if TUNER_RESULTS_KEY in artifacts
        else None,
    )


def _attempt(
    artifacts: Mapping[str, Artifact], needed: tuple[str, ...], read: Callable[[], _AnyPart]
) -> _AnyPart | Missing:
    """Returns a part, or why it is not there."""
    absent = [key for key in needed if key not in artifacts]
    if absent:
        names = ", ".join(key.replace("_", " ") for key in absent)
        return Missing(reason=f"The run did not get as far: it has no {names}.")
    try:
        gone = [artifacts[key].uri for key in needed if not fileio.exists(artifacts[key].uri)]
        if not gone:
            return read()
    except Exception as error:  # of any library, on files that anything may have damaged
        reason = f"{type(error).__name__}: {error}"
        logger.warning("A part of the report cannot be made: %s", reason)
        logger.debug("Where that was raised", exc_info=True)
        return Missing(reason=reason)
    return Missing(reason=f"Not found here: {', '.join(gone)}. Deleted, or on another machine.")


def _read_data(artifacts: Mapping[str, Artifact], settings: Settings) -> Data:
    statistics = artifacts[STATISTICS_KEY]
    previous = artifacts.get(PREVIOUS_STATISTICS_KEY)
    schema = read_schema(artifacts[SCHEMA_KEY])
    of_splits = {
        split: load_statistics(statistics, split).get_default_slice_or_die().proto()
        for split in statistics.splits
    }
    before = {}
    if previous is None:
        no_comparison = "No other data were accepted by an earlier run."
    elif not fileio.exists(previous.uri):
        no_comparison = f"The statistics of the data before are not found here: {previous.uri}."
    else:
        no_comparison = ""
        view = load_statistics(previous, settings.train_split)
        before[f"{settings.train_split} {_BEFORE}"] = view.get_default_slice_or_die().proto()
    splits = tuple(read_splits(of_splits, read_strings(artifacts[EXAMPLES_KEY])))
    labels = next((split.classes for split in splits if split.name == settings.train_split), {})
    return Data(
        splits=splits,
        features=tuple(read_features({**of_splits, **before})),
        distances=tuple(
            list_distances(
                statistics,
                previous if before else None,
                schema,
                train_split=settings.train_split,
                eval_split=settings.eval_split,
            )
        ),
        anomalies=tuple(list_anomalies(artifacts[ANOMALIES_KEY])),
        samples=tuple(
            read_samples(
                f"{artifacts[EXAMPLES_KEY].path(split=settings.train_split)}/*",
                labels,
                settings.data,
            )
        ),
        contract=print_contract(schema),
        no_comparison=no_comparison,
    )


def _read_evaluation(evaluation: Artifact) -> Evaluation:
    result = read_evaluation(evaluation.uri)
    return Evaluation(
        metrics=result.metrics, baseline_metrics=result.baseline_metrics, checks=result.checks
    )


def _read_predictions(artifacts: Mapping[str, Artifact], settings: Settings) -> Predictions:
    return ask_model(
        path_utils.serving_model_path(artifacts[MODEL_KEY].uri),
        f"{artifacts[EXAMPLES_KEY].path(split=settings.test_split)}/*",
        settings.test_split,
        settings.data,
    )
