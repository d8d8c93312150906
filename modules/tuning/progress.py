"""Tells what came of each trial, in log records that any handler can draw (no TensorFlow)."""

import logging

from modules.tuning.trials import Trial, Value

logger = logging.getLogger(__name__)

_RECORD_ATTRIBUTE = "ended_trial"


def report_trial(trial: Trial, num_trials: int) -> None:
    """Logs a trial that has ended at level INFO."""
    logger.info(
        "Trial %d/%d: %s",
        trial.number,
        num_trials,
        describe_trial(trial),
        extra={_RECORD_ATTRIBUTE: trial},
    )


def trial_of(record: logging.LogRecord) -> Trial | None:
    """Returns the trial that a log record carries, None if it carries none."""
    return getattr(record, _RECORD_ATTRIBUTE, None)


def describe_trial(trial: Trial) -> str:
    """Returns in words what came of which values."""
    values = ", ".join(f"{name} {show_value(value)}" for name, value in trial.values.items())
    if trial.score is None:
        return f"no result with {values}: {trial.fault}"
    return f"val_accuracy {trial.score:.4f} with {values}"


def show_value(value: Value) -> str:
    """Returns the value of a hyperparameter in few digits."""
    return f"{value:.4g}" if isinstance(value, float) else str(value)
