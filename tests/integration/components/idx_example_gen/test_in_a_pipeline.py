"""IdxExampleGen as a node: caching, spans, and a failure that leaves nothing."""

import os
from collections.abc import Callable
from pathlib import Path

import ml_metadata as mlmd
import numpy as np
import pytest
from ml_metadata.proto import metadata_store_pb2
from tfx.orchestration import metadata, pipeline
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.proto import example_gen_pb2

from components.idx_example_gen.component import IdxExampleGen

Artifact = metadata_store_pb2.Artifact
Execution = metadata_store_pb2.Execution


def run_node(folder: Path | str, root: Path, *, pattern: str | None = None) -> None:
    splits = [example_gen_pb2.Input.Split(name="idx", pattern=pattern)]
    input_config = example_gen_pb2.Input(splits=splits) if pattern else None
    root.mkdir(exist_ok=True)
    LocalDagRunner().run(
        pipeline.Pipeline(
            pipeline_name="test",
            pipeline_root=str(root),
            metadata_connection_config=metadata.sqlite_metadata_connection_config(
                str(root / "metadata.db")
            ),
            components=[IdxExampleGen(str(folder), input_config=input_config)],
            enable_cache=True,
        )
    )


def open_store(root: Path) -> mlmd.MetadataStore:
    return mlmd.MetadataStore(metadata.sqlite_metadata_connection_config(str(root / "metadata.db")))


def execution_states(root: Path) -> list[str]:
    executions = sorted(open_store(root).get_executions(), key=lambda execution: execution.id)
    return [Execution.State.Name(execution.last_known_state) for execution in executions]


def live_artifacts(root: Path) -> list[Artifact]:
    artifacts = open_store(root).get_artifacts_by_type("Examples")
    return [artifact for artifact in artifacts if artifact.state == Artifact.LIVE]


def test_only_a_change_of_the_data_runs_the_node_again(
    tmp_path: Path, random_idx_folder: Callable[..., Path]
):
    folder, root = random_idx_folder(tmp_path / "in", num_train=200), tmp_path / "root"

    run_node(folder, root)
    (folder / "README.md").write_text("Not data.")
    run_node(folder, root)
    assert execution_states(root) == ["COMPLETE", "CACHED"]

    labels = folder / "t10k-labels-idx1-ubyte"
    before = labels.stat()
    content = labels.read_bytes()
    labels.write_bytes(content[:-1] + bytes([(content[-1] + 1) % 10]))
    os.utime(labels, ns=(before.st_atime_ns, before.st_mtime_ns))
    run_node(folder, root)
    assert execution_states(root) == ["COMPLETE", "CACHED", "COMPLETE"]

    labels.write_bytes(content)
    run_node(folder, root)
    assert execution_states(root) == ["COMPLETE", "CACHED", "COMPLETE", "CACHED"]


def test_the_latest_span_is_read_and_named_on_the_artifact(
    tmp_path: Path, random_idx_folder: Callable[..., Path]
):
    random_idx_folder(tmp_path / "in" / "span-7", num_train=120)
    random_idx_folder(tmp_path / "in" / "span-12", num_train=180)

    run_node(tmp_path / "in", tmp_path / "root", pattern="span-{SPAN}/*-ubyte*")

    (artifact,) = live_artifacts(tmp_path / "root")
    properties = artifact.custom_properties
    assert properties["span"].int_value == 12
    assert properties["num_rows_train"].int_value + properties["num_rows_eval"].int_value == 180


def test_no_span_at_all_is_an_error_that_names_the_pattern(tmp_path: Path):
    with pytest.raises(ValueError, match=r"Cannot find matching for split idx based on span-"):
        run_node(tmp_path, tmp_path / "root", pattern="span-{SPAN}/*-ubyte*")


def test_a_failure_publishes_nothing_and_the_next_run_is_not_cached(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    write_idx: Callable[[Path, np.ndarray], Path],
):
    folder, root = random_idx_folder(tmp_path / "in", num_train=200), tmp_path / "root"
    good = (folder / "train-labels-idx1-ubyte").read_bytes()
    write_idx(folder / "train-labels-idx1-ubyte", np.full(200, 11, np.uint8))

    with pytest.raises(Exception, match="expected labels from 0 to 9, received 11 in row 0"):
        run_node(folder, root)

    assert execution_states(root) == ["FAILED"]
    assert live_artifacts(root) == []
    assert [path for path in root.rglob("*") if "Split-" in str(path)] == []

    (folder / "train-labels-idx1-ubyte").write_bytes(good)
    run_node(folder, root)

    assert execution_states(root) == ["FAILED", "COMPLETE"]


def test_a_folder_that_is_not_there_fails_the_node_with_advice(tmp_path: Path):
    with pytest.raises(Exception, match=r"nowhere: expected a folder .* \(tfx-mnist data fetch"):
        run_node(tmp_path / "nowhere", tmp_path / "root")


@pytest.mark.parametrize("scheme", ["s3", "http", "hdfs"])
def test_a_storage_that_tensorflow_does_not_know_is_one_error_with_advice(
    scheme: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.chdir(tmp_path)

    with pytest.raises(
        Exception, match=rf"{scheme}://here: expected a folder .* Correct data_root"
    ):
        run_node(f"{scheme}://here", tmp_path / "root")
