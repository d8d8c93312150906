"""Metadata on PostgreSQL: types that two insert at once, rows in no order, a contract compared."""

import os
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pandas as pd
import pytest
import tensorflow_data_validation as tfdv
from ml_metadata import MetadataStore
from ml_metadata.proto.metadata_store_pb2 import (
    STRING,
    Artifact,
    ArtifactType,
    ConnectionConfig,
    Context,
    ContextType,
    Event,
    Execution,
    ExecutionType,
)

from pipeline.config import PipelineConfig
from runners.commands.schema import schema
from runners.interrupts import Interruption
from runners.metadata.connection import parse_url
from runners.metadata.ordered_store import OrderedMetadata
from runners.metadata.registered_types import check_types, types_written_by
from runners.node.end import NodeEnd
from runners.node.launch import launch_node
from runners.orchestration.compiled import CompiledPipeline, compile_pipeline
from runners.orchestration.exit_codes import FAILED, SUCCEEDED
from runners.schema.text import parse_schema
from support.databases.servers import DatabaseServer, find_postgresql, run_postgresql
from support.programs import TFX_MNIST

# Two is ML Metadata's number for types of contexts.
INSERT = "INSERT INTO type (name, type_kind) VALUES ('pipeline_run', 2)"


@pytest.fixture(scope="module")
def server() -> Iterator[DatabaseServer]:
    if find_postgresql() is None:
        pytest.skip("needs PostgreSQL's server: apt-get install postgresql")
    with run_postgresql() as database:
        yield database


@pytest.fixture
def compiled(tmp_path: Path) -> CompiledPipeline:
    return compile_pipeline(PipelineConfig(pipeline_root=str(tmp_path / "runs")))


def _init(server: DatabaseServer, database: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", TFX_MNIST, "mlmd", "init", "--mlmd", server.url(database)],
        env=os.environ | {"MLMD_PASSWORD": server.password},
        check=False,
        capture_output=True,
        text=True,
    )


def _connection(server: DatabaseServer, database: str) -> ConnectionConfig:
    return parse_url(server.url_with_password(database), where="test")


def _launch(compiled: CompiledPipeline, node_id: str, connection: ConnectionConfig) -> NodeEnd:
    run = compiled.make_run("first", {})
    return launch_node(run, node_id, compiled.config, connection, compiled.digest, Interruption())


def test_init_registers_every_type_once_and_a_node_adds_none(
    server: DatabaseServer, compiled: CompiledPipeline
):
    connection = _connection(server, "ready")
    assert _init(server, "ready").returncode == 0
    store = MetadataStore(connection)
    before = Counter(map(str, _types(store)))
    check_types(store, types_written_by(node.pipeline_node for node in compiled.ir.nodes))

    end = _launch(compiled, "SchemaImporter", connection)

    assert end.exit_code == SUCCEEDED, end.message
    assert Counter(map(str, _types(store))) == before
    assert set(before.values()) == {1}


def test_a_node_does_not_start_where_nobody_has_registered_its_types(
    server: DatabaseServer, compiled: CompiledPipeline
):
    connection = _connection(server, "empty")
    before = [each.name for each in _types(MetadataStore(connection))]

    end = _launch(compiled, "SchemaImporter", connection)

    assert end.exit_code == FAILED
    assert "SchemaImporter failed: " in end.headline
    assert "missing are Schema, components.schema_importer." in end.headline
    assert "Run `tfx-mnist mlmd init` once" in end.headline
    assert [each.name for each in _types(MetadataStore(connection))] == before


def test_a_type_that_was_registered_twice_stops_nodes_and_init(
    server: DatabaseServer, compiled: CompiledPipeline, run_sql: Callable[[str, str], None]
):
    connection = _connection(server, "twice")
    MetadataStore(connection)  # makes the tables
    run_sql("twice", INSERT)
    run_sql("twice", INSERT)

    end = _launch(compiled, "SchemaImporter", connection)
    again = _init(server, "twice")

    assert end.exit_code == FAILED
    assert again.returncode == 1
    for message in (end.headline, again.stderr):
        assert "received several of pipeline_run: nodes ran at the same time" in message


def test_texts_with_backslashes_come_back_as_they_were(server: DatabaseServer):
    store = MetadataStore(_connection(server, "backslashes"))
    type_id = store.put_execution_type(ExecutionType(name="Node"))
    text = r'{"data": "{\"class_names\": [\"\u00fc\"]}"}, C:\dir and it\'s \\'
    execution = Execution(type_id=type_id, name=r"a\b")
    execution.custom_properties["text"].string_value = text

    [execution_id] = store.put_executions([execution])

    [found] = store.get_executions_by_id([execution_id])
    assert found.custom_properties["text"].string_value == text
    assert found.name == r"a\b"


@pytest.mark.parametrize("order", [(1, 2), (2, 1)])
def test_artifacts_come_in_the_order_in_which_they_are_asked_for(
    server: DatabaseServer, order: tuple[int, int]
):
    connection = _connection(server, f"ordered_{order[0]}")
    store = MetadataStore(connection)
    type_id = store.put_artifact_type(ArtifactType(name="Model"))
    ids = store.put_artifacts([Artifact(type_id=type_id), Artifact(type_id=type_id)])
    asked_for = [ids[number - 1] for number in order]

    with OrderedMetadata(connection) as metadata:
        artifacts = metadata.store.get_artifacts_by_id([*asked_for, asked_for[0]])

    assert [artifact.id for artifact in artifacts] == asked_for


def test_the_contract_is_compared_with_a_run_whose_metadata_are_there_and_follows_it(
    server: DatabaseServer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
):
    _record_inference(MetadataStore(_connection(server, "inferred")), tmp_path)
    contract = tmp_path / "contract.pbtxt"
    monkeypatch.setenv("MLMD_PASSWORD", server.password)
    options = [
        f"--mlmd={server.url('inferred')}",
        "--set=pipeline_name=digits",
        f"--set=schema_path={contract}",
        f"--set=metadata_path={tmp_path}/none.db",
    ]

    schema.main(["diff", *options], standalone_mode=False)

    shown = capfd.readouterr().out
    assert f"inferred  from {tmp_path}/statistics (train), run monday" in shown
    assert "feature label only in the data" in shown
    assert not contract.exists()

    schema.main(["accept", *options], standalone_mode=False)

    assert [feature.name for feature in parse_schema(contract.read_text()).feature] == ["label"]


@pytest.fixture
def run_sql(server: DatabaseServer) -> Callable[[str, str], None]:
    """Returns a function that runs a statement in a database."""

    def run(database: str, statement: str) -> None:
        psql = shutil.which("psql")
        assert psql, "PostgreSQL's client comes with its server"
        url = server.url_with_password(database)
        subprocess.run([psql, url, "--quiet", "--command", statement], check=True)

    return run


def _record_inference(store: MetadataStore, folder: Path) -> None:
    """Writes what a run of StatisticsGen and SchemaGen leaves, in files and in metadata."""
    statistics = tfdv.generate_statistics_from_dataframe(pd.DataFrame({"label": [0, 1, 9]}))
    (folder / "statistics" / "Split-train").mkdir(parents=True)
    split_file = folder / "statistics" / "Split-train" / "FeatureStats.pb"
    split_file.write_bytes(statistics.SerializeToString())
    (folder / "schema").mkdir()
    (folder / "schema" / "schema.pbtxt").write_text(str(tfdv.infer_schema(statistics)))

    execution_type = store.put_execution_type(ExecutionType(name="SchemaGen"))
    execution = Execution(type_id=execution_type, last_known_state=Execution.COMPLETE)
    contexts = [
        Context(type_id=store.put_context_type(ContextType(name=kind)), name=name)
        for kind, name in (("node", "digits.SchemaGen"), ("pipeline_run", "monday"))
    ]
    artifacts = []
    for key, kind in (("statistics", Event.INPUT), ("schema", Event.OUTPUT)):
        artifact_type = ArtifactType(name=key, properties={"split_names": STRING})
        artifact = Artifact(type_id=store.put_artifact_type(artifact_type), uri=str(folder / key))
        artifact.properties["split_names"].string_value = '["train"]'
        event = Event(type=kind)
        event.path.steps.add(key=key)
        event.path.steps.add(index=0)
        artifacts.append((artifact, event))
    store.put_execution(execution, artifacts, contexts)


def _types(store: MetadataStore) -> list:
    return [
        *store.get_context_types(),
        *store.get_execution_types(),
        *store.get_artifact_types(),
    ]
