"""The report of a node, from the artifacts that a real pipeline made."""

import hashlib
import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from ml_metadata.proto.metadata_store_pb2 import Artifact
from tensorflow_data_validation import StatsOptions
from tensorflow_metadata.proto.v0.anomalies_pb2 import Anomalies
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.types import standard_artifacts

from components.anomaly_gate.accepted_statistics import SOURCE_STATISTICS_PROPERTY
from components.idx_example_gen.component import IdxExampleGen
from components.schema_importer.component import SchemaImporter
from runners.metadata.connection import open_store, sqlite_connection
from runners.metadata.records import NodeRecord, list_runs, read_run
from runners.metadata.states import NodeState
from runners.node.end import NodeEnd
from runners.node.report import render_node, write_report
from support.markdown_reader import read_paragraphs, read_tables
from support.trainings import SCHEMA_PATH

Records = dict[str, NodeRecord]


@component
def TwoEpochs(  # noqa: N802 - a component's name
    examples: InputArtifact[standard_artifacts.Examples],  # noqa: ARG001 - its place in the flow
    model_run: OutputArtifact[standard_artifacts.ModelRun],
) -> None:
    """Leaves the history of a training."""
    history = [
        {"epoch": 1, "loss": 0.5, "val_f1": 0.25},
        {"epoch": 2, "loss": 0.123456, "val_f1": 1},
    ]
    Path(model_run.uri, "history.json").write_text(json.dumps(history))


def _run(root: Path, data: Path) -> Records:
    """Runs up to where random pixels meet the project's contract; returns what is recorded."""
    examples = IdxExampleGen(str(data))
    schema = SchemaImporter(schema_file=str(SCHEMA_PATH))
    statistics = StatisticsGen(
        examples=examples.outputs["examples"],
        schema=schema.outputs["schema"],
        stats_options=StatsOptions(use_sketch_based_topk_uniques=True),
    )
    validator = ExampleValidator(
        statistics=statistics.outputs["statistics"], schema=schema.outputs["schema"]
    )
    trainer = TwoEpochs(examples=examples.outputs["examples"])
    LocalDagRunner().run(
        Pipeline(
            pipeline_name="small",
            pipeline_root=str(root),
            metadata_connection_config=sqlite_connection(str(root / "metadata.db")),
            enable_cache=True,
            beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
            components=[examples, schema, statistics, validator, trainer],
        )
    )
    store = open_store(str(root / "metadata.db"))
    return read_run(store, list_runs(store, "small")[0].name)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, random_idx_folder: Callable[..., Path]) -> Path:
    return random_idx_folder(tmp_path_factory.mktemp("data") / "idx", num_train=300)


@pytest.fixture(scope="module")
def root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("small")


@pytest.fixture(scope="module")
def records(root: Path, data: Path) -> Records:
    return _run(root, data)


def _render(record: NodeRecord) -> str:
    end = NodeEnd(exit_code=0, headline=f"{record.node_id} ended", record=record)
    return render_node(end)


def _record(artifact: Artifact) -> NodeRecord:
    return NodeRecord(
        node_id="Node", state=NodeState.COMPLETE, seconds=1, outputs={"output": artifact}
    )


def test_examples_are_shown_by_split_and_with_the_files_they_come_from(
    records: Records, data: Path
):
    splits, files = read_tables(_render(records["IdxExampleGen"]))

    assert splits[0] == ["split", "examples", "images also in train"]
    assert [row[0] for row in splits[1:]] == ["train", "eval", "test"]
    assert sum(int(row[1]) for row in splits[1:3]) == 300
    assert [row[2] for row in splits[1:]] == ["", "0", "0"]
    assert sorted(files[1:]) == sorted(
        [path.name, hashlib.sha256(path.read_bytes()).hexdigest()] for path in data.iterdir()
    )


def test_statistics_are_shown_by_feature_and_split_and_classes_with_their_counts(records: Records):
    examples, features, label = read_tables(_render(records["StatisticsGen"]))

    assert examples[3] == ["test", "20"]
    assert ["height", "test", "INT", "0", "28", "0", "28", "28", "28"] in features
    assert ["image", "train", "BYTES", "0", "", "", "", "", ""] in features
    assert label[0] == ["label", "train", "eval", "test"]
    assert [(row[0], row[3]) for row in label[1:]] == [(str(n), "2 (10.0%)") for n in range(10)]


def test_statistics_that_the_gate_accepted_are_not_shown_again(records: Records):
    accepted = Artifact()
    accepted.CopyFrom(records["StatisticsGen"].outputs["statistics"])
    accepted.custom_properties[SOURCE_STATISTICS_PROPERTY].int_value = 7

    _, verdict = read_paragraphs(_render(_record(accepted)))

    assert verdict.startswith("No anomalies")
    assert "the statistics with the id 7 are accepted" in verdict


def test_anomalies_are_shown_where_they_are_and_a_node_without_any_says_so(
    records: Records, tmp_path: Path
):
    [anomalies] = read_tables(_render(records["ExampleValidator"]))
    clean = _copy(records["ExampleValidator"].outputs["anomalies"], tmp_path)
    for path in tmp_path.rglob("*.pb"):
        path.write_bytes(Anomalies().SerializeToString())

    assert anomalies[0] == ["where", "feature", "found", "description"]
    assert [row[:3] for row in anomalies[1:]] == [
        [f"split {split}", "ink_fraction", "Out-of-range values"]
        for split in ("train", "eval", "test")
    ]
    assert read_paragraphs(_render(_record(clean))) == [
        "Node ended",
        "No anomalies in the splits train, eval, test.",
    ]


def test_a_training_is_shown_by_epoch_whatever_its_metrics(records: Records):
    [history] = read_tables(_render(records["TwoEpochs"]))

    assert history == [
        ["epoch", "loss", "val_f1"],
        ["1", "0.5000", "0.2500"],
        ["2", "0.1235", "1.0000"],
    ]


def test_a_trainer_without_a_history_and_a_node_without_artifacts_just_say_how_they_ended(
    records: Records, tmp_path: Path
):
    model_run = Artifact(type="ModelRun", uri=str(tmp_path))

    assert _render(_record(model_run)) == "Node ended"
    assert _render(records["SchemaImporter"]) == "SchemaImporter ended"


def test_a_cached_node_shows_what_it_showed_when_it_was_computed(
    records: Records, root: Path, data: Path
):
    cached = _run(root, data)

    assert {record.state for record in cached.values()} == {"cached"}
    assert {node: _render(record) for node, record in cached.items()} == {
        node: _render(record) for node, record in records.items()
    }


@pytest.mark.parametrize(
    ("node_id", "key", "file"),
    [
        ("StatisticsGen", "statistics", "Split-eval/FeatureStats.pb"),
        ("ExampleValidator", "anomalies", "Split-eval/SchemaDiff.pb"),
        ("TwoEpochs", "model_run", "history.json"),
    ],
)
def test_a_damaged_file_is_logged_and_the_report_says_how_the_node_ended(
    records: Records,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    node_id: str,
    key: str,
    file: str,
):
    artifact = _copy(records[node_id].outputs[key], tmp_path)
    Path(artifact.uri, file).write_bytes(b"no protocol buffer and no JSON")

    headline, fault = read_paragraphs(_render(_record(artifact)))

    assert headline == "Node ended"
    assert fault.startswith(f"{artifact.type} cannot be shown: ")
    assert f"{artifact.uri} cannot be shown in the report" in caplog.messages


def test_a_report_that_cannot_be_written_is_logged_and_nothing_is_raised(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    (tmp_path / "file").touch()

    with caplog.at_level(logging.WARNING):
        write_report(tmp_path / "file" / "report.md", ["Node ended"])

    [message] = caplog.messages
    assert message.startswith("The report could not be written: ")
    assert str(tmp_path / "file") in message


def test_nodes_of_one_step_are_parted_by_a_rule(tmp_path: Path):
    path = tmp_path / "new" / "report.md"

    write_report(path, ["One ended", "Two ended"])

    assert path.read_text() == "One ended\n\n---\n\nTwo ended\n"
    assert list(path.parent.iterdir()) == [path]


def _copy(artifact: Artifact, folder: Path) -> Artifact:
    """Returns the artifact with files of its own, to be damaged."""
    shutil.copytree(artifact.uri, folder / "copy")
    copy = Artifact()
    copy.CopyFrom(artifact)
    copy.uri = str(folder / "copy")
    return copy
