"""What came of a run is told, whatever is wrong with the places where it stands."""

from pathlib import Path

import pytest
from ml_metadata.proto.metadata_store_pb2 import Context, ContextType, Execution, ExecutionType

from components.versioned_directory.publishing import exclusive
from components.versioned_directory.versions import PushError
from pipeline.config import PipelineConfig
from runners.local.outcome_reader import read_outcome
from runners.metadata.connection import open_store
from runners.metadata.records import RESULT_PROPERTY, NodeRecord
from runners.metadata.recovery import record_cause
from runners.metadata.states import NodeState
from support.disks.small import files_limited_to


@pytest.mark.parametrize("directory", ["file", "file/below"])
def test_a_serving_directory_that_is_a_file_does_not_hide_why_the_pusher_failed(
    directory: str, tmp_path: Path
):
    (tmp_path / "file").touch()
    config = PipelineConfig(serving_model_dir=str(tmp_path / directory))
    with pytest.raises(PushError) as raised, exclusive(tmp_path / directory, create=True):
        pytest.fail("a file was taken for a directory")
    records = {"Pusher": NodeRecord(node_id="Pusher", state=NodeState.FAILED, seconds=1)}

    outcome = read_outcome(records, config, "run", ["Pusher"], str(raised.value))

    assert (outcome.exit_code, outcome.failed_node) == (1, "Pusher")
    assert "set serving_model_dir to another place" in outcome.cause
    assert outcome.served_version == ""


def test_metadata_that_cannot_take_the_cause_do_not_hide_it(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    path = str(tmp_path / "metadata.db")
    store = open_store(path)
    context_type = store.put_context_type(ContextType(name="pipeline_run"))
    execution_type = store.put_execution_type(ExecutionType(name="node"))
    failed = Execution(type_id=execution_type, last_known_state=Execution.FAILED)
    store.put_execution(failed, [], [Context(type_id=context_type, name="run")])

    with files_limited_to(0):
        record_cause(path, "run", "the disk is full")

    assert caplog.messages[-1] == "Metadata does not take the cause of the failure"
    [execution] = store.get_executions()
    assert RESULT_PROPERTY not in execution.custom_properties
