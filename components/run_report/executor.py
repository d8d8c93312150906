"""Writes the report of a run as far as it follows from artifacts."""

import logging
import math
from typing import Any

from tfx.dsl.components.base import base_executor
from tfx.dsl.io import fileio
from tfx.types import Artifact, artifact_utils

from components.run_report.artifact import (
    ACCURACY_PROPERTY,
    MEASUREMENTS_FILE,
    NUM_MISREAD_PROPERTY,
    PAGE_FILE,
    REPORT_KEY,
)
from components.run_report.content.evaluation import Evaluation, Predictions
from components.run_report.content.part import Missing
from components.run_report.content.report import Measurements, Report
from components.run_report.measuring import Settings, measure
from components.run_report.page.rendering import render_page
from modules.data_spec import DATA_SPEC_KEY, DataSpec
from modules.training.whole_file import write_whole

TRAIN_SPLIT_KEY = "train_split"
EVAL_SPLIT_KEY = "eval_split"
TEST_SPLIT_KEY = "test_split"
MAX_P99_LATENCY_KEY = "max_p99_latency_ms"
MODEL_CODE_DIGEST_KEY = "model_code_digest"
MODEL_CARD_KEY = "model_card"

logger = logging.getLogger(__name__)


class Executor(base_executor.BaseExecutor):
    """Executor of RunReport."""

    def Do(
        self,
        input_dict: dict[str, list[Artifact]],
        output_dict: dict[str, list[Artifact]],
        exec_properties: dict[str, Any],
    ) -> None:
        """Measures, and writes the measurements and the page that shows them.

        What cannot be read is said on the page, and what cannot be written is logged: a run does
        not fail by its report.

        Args:
          input_dict: Those of RunReportSpec, one artifact each or none.
          output_dict: `report`, one artifact.
          exec_properties: Those of RunReportSpec.
        """
        self._log_startup(input_dict, output_dict, exec_properties)
        report = artifact_utils.get_single_instance(output_dict[REPORT_KEY])
        context = self._context
        measurements = measure(
            {key: artifacts[0] for key, artifacts in input_dict.items() if artifacts},
            Settings(
                train_split=exec_properties[TRAIN_SPLIT_KEY],
                eval_split=exec_properties[EVAL_SPLIT_KEY],
                test_split=exec_properties[TEST_SPLIT_KEY],
                data=DataSpec.model_validate_json(exec_properties[DATA_SPEC_KEY]),
                max_p99_latency_ms=exec_properties[MAX_P99_LATENCY_KEY],
                model_code_digest=exec_properties[MODEL_CODE_DIGEST_KEY],
                model_card=exec_properties[MODEL_CARD_KEY],
            ),
            pipeline_name=context.pipeline_info.id if context and context.pipeline_info else "",
            run_id=(context.pipeline_run_id if context else "") or "",
        )
        _note(report, measurements)
        try:
            _write(report.uri, measurements)
        except Exception:  # of any file system
            logger.warning("%s: the report cannot be written", report.uri, exc_info=True)


_NOT_ENDED = Missing(
    reason="This page was made within the run, before it was over: it does not know how it ended."
)


def _write(folder: str, measurements: Measurements) -> None:
    fileio.makedirs(folder)
    write_whole(f"{folder}/{MEASUREMENTS_FILE}", measurements.model_dump_json().encode())
    page = render_page(Report(measurements=measurements, run=_NOT_ENDED))
    write_whole(f"{folder}/{PAGE_FILE}", page.encode())


def _note(report: Artifact, measurements: Measurements) -> None:
    """Writes what a history of runs shows where it finds it without opening files."""
    evaluation = measurements.evaluation
    accuracy = evaluation.metrics.get("accuracy") if isinstance(evaluation, Evaluation) else None
    # SQLite's ML Metadata refuses what is no number, and the node would fail by it.
    if accuracy is not None and math.isfinite(accuracy):
        report.set_float_custom_property(ACCURACY_PROPERTY, accuracy)
    if isinstance(measurements.predictions, Predictions):
        report.set_int_custom_property(NUM_MISREAD_PROPERTY, measurements.predictions.num_misread)
