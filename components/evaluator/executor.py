"""Evaluates as TFX does, and takes the blessing back from what wrong labels have trained."""

import logging
from typing import Any, NamedTuple

from pydantic import ValidationError
from tensorflow_model_analysis.proto import config_pb2
from tfx.components.evaluator import constants
from tfx.components.evaluator import executor as tfx_evaluator
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils
from tfx.types.standard_component_specs import (
    BASELINE_MODEL_KEY,
    BLESSING_KEY,
    EVAL_CONFIG_KEY,
    EVALUATION_KEY,
    MODEL_KEY,
    MODEL_RUN_KEY,
)
from tfx.utils import io_utils, path_utils, proto_utils

from components.evaluation.checks import ACCURACY
from components.evaluation.held_out import HeldOutAccuracy, least_accuracy, write_held_out
from components.evaluation.naming import ACCURACY_CLASS, ROW_COUNT_CLASSES
from components.evaluation.result import read_evaluation
from components.evaluator.comparability import find_difference
from components.model_run import read_history, read_record
from modules.training.history import HISTORY_FILE, SELECTED_BY, find_best
from modules.training.record import RECORD_FILE

EVAL_SPLIT_KEY = "eval_split"
MAX_EVAL_GAP_KEY = "max_eval_gap"

_NOT_ASKED_FOR = 1.0
_DO_WITHOUT = "or set thresholds.max_eval_gap to 1, and labels are not looked at"

logger = logging.getLogger(__name__)


class _Validation(NamedTuple):
    """What the Trainer measured of the model that it exported."""

    accuracy: float
    rows: int


class Executor(tfx_evaluator.Executor):
    """Executor of Evaluator."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Evaluates a model, and blesses it or not; a baseline of other data is left out.

        Args:
          input_dict: As of TFX's Evaluator, and `model_run`.
          output_dict: As of TFX's Evaluator.
          exec_properties: As of TFX's Evaluator, and `eval_split`, the split that the model was
            validated on, and `max_eval_gap`, how much lower the accuracy on it may be.

        Raises:
          ValueError: The accuracy on either split, or of how many rows it is, is not known.
        """
        input_dict = _without_other_data(input_dict)
        max_gap = exec_properties[MAX_EVAL_GAP_KEY]
        if max_gap >= _NOT_ASKED_FOR:
            super().Do(input_dict, output_dict, exec_properties)
            return
        # What is missing is said before the minutes that an evaluation may take.
        _check_metrics(exec_properties[EVAL_CONFIG_KEY])
        validation = _read_validation(artifact_utils.get_single_uri(input_dict[MODEL_RUN_KEY]))
        super().Do(input_dict, output_dict, exec_properties)
        evaluation_uri = artifact_utils.get_single_uri(output_dict[EVALUATION_KEY])
        result = read_evaluation(evaluation_uri)
        if result.rows == 0 or not result.metrics:
            logger.warning("No test rows to hold the accuracy on the validated split to")
            return
        if result.rows is None or ACCURACY not in result.metrics:
            raise ValueError(
                f"The evaluation: expected {ACCURACY} and the number of all rows, received "
                f"{', '.join(result.metrics)}. Give {ACCURACY_CLASS} and {ROW_COUNT_CLASSES[0]} no "
                f"name of their own in the EvalConfig, {_DO_WITHOUT}."
            )
        held_out = HeldOutAccuracy(
            split=exec_properties[EVAL_SPLIT_KEY],
            accuracy=validation.accuracy,
            rows=validation.rows,
            bound=least_accuracy(
                validation.rows,
                test_accuracy=result.metrics[ACCURACY],
                test_rows=result.rows,
                max_gap=max_gap,
            ),
        )
        write_held_out(evaluation_uri, held_out)
        if not held_out.passed:
            logger.error("%s", held_out.as_check())
            _take_back(artifact_utils.get_single_instance(output_dict[BLESSING_KEY]))


def _without_other_data(input_dict: dict[str, list[Artifact]]) -> dict[str, list[Artifact]]:
    """Returns the inputs without a baseline that cannot be asked what the candidate is asked."""
    baselines = input_dict.get(BASELINE_MODEL_KEY)
    if not baselines:
        return input_dict
    candidate, baseline = (
        path_utils.serving_model_path(artifact_utils.get_single_uri(artifacts))
        for artifacts in (input_dict[MODEL_KEY], baselines)
    )
    difference = find_difference(candidate, baseline)
    if not difference:
        return input_dict
    logger.warning("%s is of other data and not compared with: %s", baseline, difference)
    return {**input_dict, BASELINE_MODEL_KEY: []}


def _check_metrics(eval_config_json: str) -> None:
    eval_config = config_pb2.EvalConfig()
    proto_utils.json_to_proto(eval_config_json, eval_config)
    metrics = [metric.class_name for spec in eval_config.metrics_specs for metric in spec.metrics]
    missing = [
        " or ".join(names)
        for names in ((ACCURACY_CLASS,), ROW_COUNT_CLASSES)
        if not set(names) & set(metrics)
    ]
    if missing:
        raise ValueError(
            f"The EvalConfig: expected {' and '.join(missing)} among the metrics, received "
            f"{', '.join(metrics) or 'none'}. Add what is missing, {_DO_WITHOUT}."
        )


def _read_validation(model_run: str) -> _Validation:
    try:
        accuracy = find_best(read_history(model_run)).get(SELECTED_BY)
    except (FileNotFoundError, KeyError):
        accuracy = None
    try:
        record = read_record(model_run)
    except ValidationError:  # of another trainer
        record = None
    rows = record.eval_rows if record else None
    if accuracy is None or rows is None:
        raise ValueError(
            f"{model_run}: expected {SELECTED_BY} in {HISTORY_FILE} and eval_rows in {RECORD_FILE},"
            f" received {accuracy} and {rows}. A training of an earlier version is made again by "
            f"`tfx-mnist run --from Trainer`; have a Trainer of your own write both, {_DO_WITHOUT}."
        )
    return _Validation(accuracy, rows)


def _take_back(blessing: Artifact) -> None:
    """Turns a blessing into a refusal, in the words of TFX."""
    blessed = f"{blessing.uri}/{constants.BLESSED_FILE_NAME}"
    if fileio.exists(blessed):
        fileio.remove(blessed)
        io_utils.write_string_file(f"{blessing.uri}/{constants.NOT_BLESSED_FILE_NAME}", "")
        blessing.set_int_custom_property(
            constants.ARTIFACT_PROPERTY_BLESSED_KEY, constants.NOT_BLESSED_VALUE
        )
