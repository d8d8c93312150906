"""Writes the report of a run of this machine, beside run.json."""

from pathlib import Path

from components.run_report.artifact import PAGE_FILE
from components.run_report.content.run import End
from pipeline.config import PipelineConfig
from runners.local.outcome import FAILED, INTERRUPTED, RunOutcome
from runners.metadata.connection import open_store
from runners.run_report.record import Known
from runners.run_report.writing import make_report, write_report

_ENDS = {FAILED: End.FAILED, INTERRUPTED: End.INTERRUPTED}


def write_local_report(outcome: RunOutcome, config: PipelineConfig) -> Path:
    """Returns the path of the page; the one of an earlier run stands there until it is whole.

    Raises:
      OSError: It cannot be written, or the metadata cannot be read.
    """
    known = Known(end=_ENDS.get(outcome.exit_code), cause=outcome.cause, log=outcome.log_file)
    report = make_report(open_store(config.metadata_path), config, outcome.run_id, known)
    return write_report(report, Path(config.pipeline_root) / PAGE_FILE)
