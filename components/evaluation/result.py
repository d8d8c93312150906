"""Reads what the Evaluator found: its metrics, their bounds, and whether each held."""

import math
from dataclasses import dataclass, field

import tensorflow_model_analysis as tfma
from tensorflow_model_analysis.writers.eval_config_writer import load_eval_run

from components.evaluation.checks import Check
from components.evaluation.held_out import read_held_out
from components.evaluation.measured import read_slices
from components.evaluation.naming import name_for_record
from components.evaluation.validation import list_checks


@dataclass(frozen=True, kw_only=True)
class EvaluationResult:
    """What an Evaluator run measured on the test split, and held to it or to a threshold.

    Attributes:
      metrics: Metrics over all rows, by name: `accuracy`, `cross_entropy`, others by TFMA's name.
      checks: Every bound of every threshold with its value; changes to the baseline come last.
      rows: How many rows there are; None if they were not counted.
      baseline_metrics: The same metrics of the baseline, on the same rows; empty if there was none.
    """

    metrics: dict[str, float]
    checks: tuple[Check, ...]
    rows: int | None = None
    baseline_metrics: dict[str, float] = field(default_factory=dict)

    @property
    def has_baseline(self) -> bool:
        """Whether there was an earlier blessed model to compare with."""
        return bool(self.baseline_metrics)


def read_evaluation(evaluation_uri: str) -> EvaluationResult:
    """Reads the files under an Evaluator's `evaluation` artifact.

    TFMA's own validation result decides whether a check of a threshold passed; nothing is judged
    again here. What is held out of the train files is judged by `components.evaluator`. The
    bounds are those that were applied, also where a later run with others reuses the evaluation.
    """
    slices = sorted(read_slices(evaluation_uri), key=lambda measured: measured.order)
    eval_config, *_ = load_eval_run(evaluation_uri)
    result = tfma.load_validation_result(evaluation_uri)
    checks = list(list_checks(slices, eval_config, result)) if result else []
    if (held_out := read_held_out(evaluation_uri)) is not None:
        checks.append(held_out.as_check())
    overall = next((measured for measured in slices if measured.is_overall), None)
    return EvaluationResult(
        metrics=overall.name_metrics(is_baseline=False) if overall else {},
        checks=tuple(sorted(checks, key=lambda check: check.is_change)),
        rows=overall.rows if overall else None,
        baseline_metrics=overall.name_metrics(is_baseline=True) if overall else {},
    )


def read_metrics(evaluation_uri: str) -> dict[str, float]:
    """Returns the candidate's metrics over all rows, by TFMA's names; only finite numbers.

    Args:
      evaluation_uri: Folder of an `evaluation` artifact, whichever metrics it holds.
    """
    return {
        name_for_record(key): value
        for measured in read_slices(evaluation_uri)
        if measured.is_overall
        for key, value in measured.metrics
        if not key.is_diff and key.model_name != tfma.BASELINE_KEY and math.isfinite(value)
    }
