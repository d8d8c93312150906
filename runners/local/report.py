"""Writes the report of a run of this machine, beside run.json."""

from pathlib import Path

from components.run_report.artifact import PAGE_FILE
from components.run_report.content.run import End
from pipeline.config import PipelineConfig
from pipeline.node_ids import PUSHER
from runners.local.outcome import FAILED, INTERRUPTED, NOT_BLESSED, RunOutcome
from runners.metadata.connection import open_store
from runners.metadata.states import NodeState
from runners.run_report.record import Known
from runners.run_report.writing import make_report, write_report

_ENDS = {
    FAILED: End.FAILED,
    INTERRUPTED: End.INTERRUPTED,
    NOT_BLESSED: End.REFUSED,
}


def write_local_report(outcome: RunOutcome, config: PipelineConfig) -> Path:
    """Returns the path of the page; the one of an earlier run stands there until it is whole.

    Raises:
      OSError: It cannot be written, or the metadata cannot be read.
    """
    known = Known(
        end=_find_end(outcome),
        version=outcome.pushed_version,
        pushed_to=outcome.pushed_to,
        cause=outcome.cause,
        log=outcome.log_file,
    )
    report = make_report(open_store(config.metadata_path), config, outcome.run_id, known)
    page = Path(config.pipeline_root) / PAGE_FILE
    write_report(report, page)
    return page


def _find_end(outcome: RunOutcome) -> End:
    if outcome.exit_code in _ENDS:
        return _ENDS[outcome.exit_code]
    pushers = [node for node in outcome.nodes if node.node_id == PUSHER]
    if any(node.state == NodeState.COMPLETE for node in pushers):
        return End.PUSHED
    return End.UNCHANGED if outcome.pushed_version else End.PARTIAL
