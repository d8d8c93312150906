"""What came of a run: the one record behind the summary, run.json and the exit code."""

import json
import math
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from components.anomaly_gate.acceptance import AcceptedDrift
from components.evaluation.checks import Check
from components.run_report.content.run import End
from components.versioned_directory.exports import ExportRecord
from components.versioned_directory.versions import list_versions
from components.whole_file import write_whole_file
from pipeline.node_ids import PUSHER
from runners.metadata.states import NodeState

RUN_FILE = "run.json"

DONE = 0
FAILED = 1
NOT_BLESSED = 3
INTERRUPTED = 130

_ENDS = {
    FAILED: End.FAILED,
    INTERRUPTED: End.INTERRUPTED,
    NOT_BLESSED: End.REFUSED,
}


@dataclass(frozen=True, kw_only=True)
class NodeOutcome:
    """How one node ended."""

    node_id: str
    state: NodeState
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True)
class RunOutcome:
    """Everything that a person or a script asks after a run.

    Attributes:
      run_id: The run's id in ML Metadata.
      exit_code: 0 blessed and pushed, or all of a partial run done; 1 failed; 3 finished but not
        blessed; 130 interrupted.
      seconds: Wall time of the whole run in seconds, imports included; set by the command.
      nodes: All nodes of the pipeline in the order of the flow.
      metrics: Metrics over the test split, by name.
      rows: How many rows the test split has; None if there was no evaluation.
      checks: Every bound with its value, and the rows that it is of.
      accepted_drift: What had drifted in the data and was accepted by somebody; None if nothing.
      class_names: How classes are called, from label 0 on; empty if they have no names.
      unmeasured_classes: Classes that are held to nothing, as the configuration has it.
      has_baseline: Whether an earlier blessed model was compared with.
      blessed: None if the run did not get as far as an evaluation.
      unservable: Why the model can't be served, a sentence each; empty if it can.
      exports: What was measured of the model in other formats.
      unexported: Why formats that were asked for are not there, a sentence each.
      pushed_version: Version number under `pushed_to`; "" if nothing was pushed.
      pushed_to: The version's folder in the serving directory, or "".
      served_version: The newest version in the serving directory after the run: another than the
        pushed one after a rollback.
      failed_node: The node that failed, or "".
      cause: Why it failed, in one paragraph, or "".
      log_file: Where everything that was logged stands.
      report_file: The page that shows all of it; "" if it could not be made.
      unchanged_since: The run that this one is like, if nothing had changed since and nothing was
        run; else "".
    """

    run_id: str
    exit_code: int
    seconds: float = 0.0
    nodes: tuple[NodeOutcome, ...]
    metrics: dict[str, float] = field(default_factory=dict)
    rows: int | None = None
    checks: tuple[Check, ...] = ()
    accepted_drift: AcceptedDrift | None = None
    class_names: tuple[str, ...] = ()
    unmeasured_classes: tuple[int, ...] = ()
    has_baseline: bool = False
    blessed: bool | None = None
    unservable: tuple[str, ...] = ()
    exports: tuple[ExportRecord, ...] = ()
    unexported: tuple[str, ...] = ()
    pushed_version: str = ""
    pushed_to: str = ""
    served_version: str = ""
    failed_node: str = ""
    cause: str = ""
    log_file: str = ""
    report_file: str = ""
    unchanged_since: str = ""

    @property
    def end(self) -> End:
        """How it ended, in a word."""
        if self.exit_code in _ENDS:
            return _ENDS[self.exit_code]
        pushers = [node for node in self.nodes if node.node_id == PUSHER]
        if any(node.state == NodeState.COMPLETE for node in pushers):
            return End.PUSHED
        return End.UNCHANGED if self.pushed_version else End.PARTIAL

    @property
    def refusals(self) -> tuple[str, ...]:
        """What was refused, a sentence each: the model, or formats of it."""
        checks = (check.with_names(self.class_names) for check in self.checks)
        failed = (str(check) for check in checks if not check.passed)
        return (*failed, *self.unservable, *self.unexported)


def find_served_version(serving_model_dir: str) -> str:
    """Returns the newest version, "" if there is none or the directory is not on this machine."""
    if "://" in serving_model_dir:
        return ""
    try:
        versions = list_versions(Path(serving_model_dir))
    except OSError:  # it is a file, say: the Pusher tells, if the run gets as far
        return ""
    return str(versions[-1].number) if versions else ""


def write_run_file(outcome: RunOutcome, folder: Path, config: dict[str, Any]) -> Path:
    """Writes `outcome` and the configuration it came from to run.json, whole or not at all.

    Raises:
      OSError: It cannot be written, and is as it was.
    """
    path = folder / RUN_FILE
    content = {**asdict(outcome), "config": config}
    try:
        # JSON has no NaN: such a value becomes a string, as in the report.
        write_whole_file(path, json.dumps(_name_nan(content), indent=2, allow_nan=False) + "\n")
    except OSError as error:
        raise OSError(
            f"{path}: cannot be written ({error.strerror}), so it does not tell of this run. Free "
            "space there, or correct pipeline_root, and run again; what is done is in the cache."
        ) from error
    return path


def _name_nan(content: Any) -> Any:
    """Returns plain data in which NaN and infinity are strings."""
    if isinstance(content, dict):
        return {key: _name_nan(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_name_nan(value) for value in content]
    if isinstance(content, float) and not math.isfinite(content):
        return "NaN" if math.isnan(content) else "Infinity" if content > 0 else "-Infinity"
    return content
