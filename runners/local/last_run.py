"""Knows whether a run would find all as the last one left it (no TensorFlow).

TFX's cache answers the same for each node, once TensorFlow and Beam are loaded, which takes longer
than all that is asked then.
"""

import hashlib
import importlib.util
import json
import logging
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from components.data_sets.finding import find_files_of
from components.data_sets.remembered_digests import RememberedDigests, memory_of_node
from components.data_sets.storage import is_remote
from components.run_report.content.report import Report
from components.run_report.content.run import Run
from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from pipeline.definition_files import read_definition_files
from pipeline.node_ids import IDX_EXAMPLE_GEN
from runners.local.outcome import DONE, NOT_BLESSED, RunOutcome, find_served_version
from runners.metadata.states import SUCCESSFUL, NodeState

LAST_RUN_FILE = ".last_run.json"

_PACKAGES = ("components", "modules", "pipeline", "runners", "serving")

logger = logging.getLogger(__name__)


class LastRun(BaseModel):
    """A run that went through, and all that it depended on.

    Attributes:
      depends_on: A digest, or the state of a file, by what it is of.
      artifacts: Folders that the run made, or found in the cache.
      outcome: What came of it.
      report: What its page shows.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", ser_json_inf_nan="strings")

    depends_on: dict[str, str]
    artifacts: tuple[str, ...]
    outcome: RunOutcome
    report: Report


def note_run(config: PipelineConfig, outcome: RunOutcome, report: Report) -> None:
    """Notes a whole run that is over, if another one could end in the same way."""
    if outcome.exit_code not in {DONE, NOT_BLESSED} or not config.enable_cache:
        return
    artifacts = _list_artifacts(config, outcome.run_id)
    depends_on = _find_dependencies(config)
    if not depends_on:
        return
    last = LastRun(depends_on=depends_on, artifacts=artifacts, outcome=outcome, report=report)
    try:
        write_whole_file(Path(config.pipeline_root) / LAST_RUN_FILE, last.model_dump_json())
    except OSError:  # the next run asks TFX's cache
        logger.warning("This run is not noted", exc_info=True)


def find_unchanged(config: PipelineConfig) -> LastRun | None:
    """Returns the last run if another one would find nothing to do.

    So it is if its configuration, the code, the installed packages, contract, model card and data
    files are what they were, nobody has written to its metadata since, its artifacts are there, and
    the newest version in the serving directory is the one that was the newest after it.
    """
    if not config.enable_cache:
        return None
    path = Path(config.pipeline_root) / LAST_RUN_FILE
    try:
        last = LastRun.model_validate_json(path.read_bytes())
    except (OSError, ValidationError):  # there is none, or one of other code
        return None
    folders = [*last.artifacts, last.outcome.pushed_to or config.pipeline_root]
    is_served = find_served_version(config.serving_model_dir) == last.outcome.served_version
    is_there = is_served and all(Path(folder).exists() for folder in folders)
    return last if is_there and last.depends_on == _find_dependencies(config) else None


def repeat_run(last: LastRun, log_file: str) -> tuple[RunOutcome, Report]:
    """Returns what came of a run, and its report, as if each node had found its output again.

    Args:
      last: The run.
      log_file: Where what was logged this time stands.
    """
    outcome = replace(
        last.outcome,
        nodes=tuple(
            replace(node, state=NodeState.CACHED, seconds=0.0) if node.state in SUCCESSFUL else node
            for node in last.outcome.nodes
        ),
        log_file=log_file,
        unchanged_since=last.outcome.run_id,
    )
    run = last.report.run
    if not isinstance(run, Run):
        return outcome, last.report
    nodes = (
        node.model_copy(update={"state": NodeState.CACHED, "seconds": 0.0})
        if node.state in SUCCESSFUL
        else node
        for node in run.nodes
    )
    run = run.model_copy(update={"end": outcome.end, "nodes": tuple(nodes), "log": log_file})
    return outcome, last.report.model_copy(update={"run": run})


def _find_dependencies(config: PipelineConfig) -> dict[str, str]:
    """Returns all that a run depends on; nothing if that cannot be told on this machine."""
    places = (config.data_root, config.schema_path, config.model_card_path)
    if any(map(is_remote, (*places, config.serving_model_dir))):
        return {}
    try:
        files = read_definition_files(config)
        return {
            "configuration": _digest([config.model_dump_json().encode()]),
            "code": _digest(_read_code()),
            "packages": _digest(_list_packages()),
            "contract": files.contract.digest,
            "model card": _digest([files.model_card.encode()]),
            "data": _digest_data(config),
            "metadata": _describe_state(Path(config.metadata_path)),
        }
    except (OSError, ValueError):  # a run says what is wrong
        return {}


def _digest(parts: Iterable[bytes]) -> str:
    digest = hashlib.sha256()
    for part in parts:
        digest.update(hashlib.sha256(part).digest())
    return digest.hexdigest()


def _read_code() -> Iterable[bytes]:
    """Yields the names and contents of all files of the project's packages."""
    for package in _PACKAGES:
        spec = importlib.util.find_spec(package)
        folder = Path(spec.origin).parent if spec and spec.origin else Path(package)
        for path in sorted(folder.rglob("*")):
            if "__pycache__" not in path.parts and path.is_file():
                yield str(path.relative_to(folder)).encode()
                yield path.read_bytes()


def _list_packages() -> Iterable[bytes]:
    """Yields the names of what is installed beside pydantic, which have the versions in them."""
    spec = importlib.util.find_spec("pydantic")
    folder = Path(spec.origin).parents[1] if spec and spec.origin else Path()
    return sorted(path.name.encode() for path in folder.glob("*.dist-info"))


def _digest_data(config: PipelineConfig) -> str:
    memory = RememberedDigests(memory_of_node(f"{config.pipeline_root}/{IDX_EXAMPLE_GEN}"))
    paths = find_files_of(config.data_root, config.data.layout)
    return _digest(f"{path} {memory.digest(path)}".encode() for path in paths)


def _describe_state(path: Path) -> str:
    found = path.stat()
    return json.dumps([found.st_size, found.st_ino, found.st_mtime_ns])


def _list_artifacts(config: PipelineConfig, run_id: str) -> tuple[str, ...]:
    """Returns the folders of what the nodes of a run have made."""
    # ML Metadata takes its time to load; where a run was made, it is there.
    from runners.metadata.connection import open_store  # noqa: PLC0415
    from runners.metadata.records import read_run  # noqa: PLC0415

    records = read_run(open_store(config.metadata_path), run_id)
    return tuple(
        artifact.uri for record in records.values() for artifact in record.outputs.values()
    )
