"""Makes the report of a run of this machine."""

from components.run_report.content.report import Report
from pipeline.config import PipelineConfig
from runners.local.outcome import RunOutcome
from runners.metadata.connection import open_store
from runners.run_report.making import make_report
from runners.run_report.record import Known


def make_local_report(outcome: RunOutcome, config: PipelineConfig) -> Report:
    """Returns the report of a run that is over.

    Raises:
      OSError: The metadata cannot be read.
    """
    known = Known(
        end=outcome.end,
        version=outcome.pushed_version,
        pushed_to=outcome.pushed_to,
        cause=outcome.cause,
        log=outcome.log_file,
    )
    return make_report(open_store(config.metadata_path), config, outcome.run_id, known)
