"""Evaluations that TFMA makes of a few rows, as TFX's Evaluator has it make them."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import apache_beam as beam
import pyarrow as pa
import pytest
import tensorflow_model_analysis as tfma
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from tensorflow_model_analysis.constants import MATERIALIZED_PREDICTION
from tensorflow_model_analysis.proto import config_pb2
from tensorflow_model_analysis.utils.config_util import update_eval_config_with_defaults


@pytest.fixture
def evaluate(tmp_path: Path) -> Callable[..., Path]:
    """Returns a function that evaluates rows, and returns the folder of what was found."""

    def evaluate(
        eval_config: config_pb2.EvalConfig,
        rows: Mapping[str, Sequence[Any]],
        *,
        has_baseline: bool = False,
    ) -> Path:
        eval_config = update_eval_config_with_defaults(
            eval_config, has_baseline=has_baseline, rubber_stamp=True
        )
        # The predictions are among the rows; only how many models there are is asked of these.
        models = [
            tfma.types.EvalSharedModel(model_name=spec.name, model_type=MATERIALIZED_PREDICTION)
            for spec in eval_config.model_specs
        ]
        folder = tmp_path / "evaluation"
        with beam.Pipeline(runner=FnApiRunner()) as pipeline:
            _ = (
                pipeline
                | beam.Create([pa.RecordBatch.from_pydict(dict(rows))])
                | tfma.ExtractEvaluateAndWriteResults(
                    eval_config=eval_config,
                    eval_shared_model=models if has_baseline else None,
                    output_path=str(folder),
                )
            )
        return folder

    return evaluate
