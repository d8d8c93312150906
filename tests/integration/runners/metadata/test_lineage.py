"""`runs` and `lineage` on the metadata of real runs of a small pipeline."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest
import tensorflow as tf
from click.testing import CliRunner, Result
from tfx.dsl.component.experimental.annotations import InputArtifact, OutputArtifact
from tfx.dsl.component.experimental.decorators import component
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2, pusher_pb2
from tfx.types import standard_artifacts
from tfx.utils import path_utils

from components.atomic_pusher.component import AtomicPusher
from components.code_digest import code_digest
from components.idx_example_gen import executor
from components.idx_example_gen.component import IdxExampleGen
from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import list_versions
from runners.commands.lineage import lineage
from runners.commands.runs import runs
from runners.metadata.connection import sqlite_connection


@component
def CountingTrainer(  # noqa: N802 - a component's name
    examples: InputArtifact[standard_artifacts.Examples],
    model: OutputArtifact[standard_artifacts.Model],
) -> None:
    """Exports a model that answers with the number of rows that it has seen."""
    num_rows = examples.get_int_custom_property("num_rows_train")
    if num_rows > 1000:
        raise ValueError("too many rows")
    module = tf.Module()
    module.rows = tf.Variable(num_rows)
    serve = tf.function(lambda: {"rows": module.rows}, input_signature=[])
    tf.saved_model.save(
        module,
        path_utils.serving_model_path(model.uri),
        signatures={"serving_default": serve},
    )


def _run(root: Path, data: Path) -> None:
    example_gen = IdxExampleGen(
        str(data),
        input_config=example_gen_pb2.Input(splits=[{"name": "idx", "pattern": "span-{SPAN}/*"}]),
    )
    trainer = CountingTrainer(examples=example_gen.outputs["examples"])
    pusher = AtomicPusher(
        pusher_pb2.PushDestination(filesystem={"base_directory": str(root / "serving")}),
        model=trainer.outputs["model"],
        examples=example_gen.outputs["examples"],
    )
    LocalDagRunner().run(
        Pipeline(
            pipeline_name="small",
            pipeline_root=str(root),
            metadata_connection_config=sqlite_connection(str(root / "metadata.db")),
            enable_cache=True,
            beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
            components=[example_gen, trainer, pusher],
        )
    )


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory, random_idx_folder: Callable[..., Path]) -> Path:
    """Files of one span; those of another one come with the last run."""
    folder = tmp_path_factory.mktemp("data")
    random_idx_folder(folder / "span-1")
    return folder


@pytest.fixture(scope="module")
def root(
    tmp_path_factory: pytest.TempPathFactory, data: Path, random_idx_folder: Callable[..., Path]
) -> Path:
    """Three runs: one that pushed, one from the cache, and one that failed."""
    root = tmp_path_factory.mktemp("small")
    _run(root, data)
    _run(root, data)
    random_idx_folder(data / "span-2", num_train=1200)
    with pytest.raises(Exception, match="too many rows"):
        _run(root, data)
    return root


@pytest.fixture
def call(root: Path) -> Callable[..., Result]:
    """Returns a function that calls a command on the small pipeline."""
    settings = {
        "pipeline_name": "small",
        "pipeline_root": root,
        "serving_model_dir": root / "serving",
    }
    options = [option for key in settings for option in ("--set", f"{key}={settings[key]}")]

    def make(command: object, *arguments: str) -> Result:
        return CliRunner().invoke(command, [*arguments, *options], env={"COLUMNS": "80"})

    return make


def _version(root: Path) -> int:
    return list_versions(root / "serving")[0].number


def test_runs_tells_how_each_ended_newest_first(call: Callable[..., Result], root: Path):
    failed, cached, pushed = json.loads(call(runs, "--json").stdout)

    assert (failed["end"], failed["node_id"]) == ("failed", "CountingTrainer")
    assert (cached["end"], cached["cached"]) == ("unchanged", 3)
    assert (pushed["end"], pushed["cached"]) == ("pushed", 0)
    assert pushed["version"] == cached["version"] == str(_version(root))


def test_runs_prints_a_line_for_each(call: Callable[..., Result], root: Path):
    lines = call(runs).stdout.splitlines()

    assert "failed in CountingTrainer" in lines[2]
    assert f"version {_version(root)} unchanged" in lines[3]
    assert f"version {_version(root)} pushed" in lines[4]


def test_lineage_leads_to_the_data_files(call: Callable[..., Result], root: Path, data: Path):
    [model] = json.loads(call(lineage, str(_version(root)), "--json").stdout)
    [examples] = model["inputs"]

    assert (model["node_id"], examples["node_id"]) == ("CountingTrainer", "IdxExampleGen")
    assert examples["source_folder"] == str(data / "span-1")
    assert examples["digests"] == {"code_digest": code_digest(executor.__name__)}
    assert examples["files"] == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (data / "span-1").iterdir()
    }


def test_lineage_takes_a_path_and_prints_lines_for_sha256sum(
    call: Callable[..., Result], root: Path, data: Path
):
    output = call(lineage, str(root / "serving" / str(_version(root)))).stdout

    for path in (data / "span-1").iterdir():
        assert f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path}" in output


def test_the_record_beside_the_version_agrees_with_metadata(
    call: Callable[..., Result], root: Path
):
    origin = list_versions(root / "serving")[0].record.origin
    [model] = json.loads(call(lineage, str(_version(root)), "--json").stdout)

    assert (origin.model_id, origin.model_uri) == (model["artifact_id"], model["uri"])
    assert (origin.pipeline_name, origin.run_id) == ("small", model["run_id"])
    assert origin.data_files == model["inputs"][0]["files"]


def test_lineage_of_a_version_that_metadata_lost_starts_at_its_record(
    call: Callable[..., Result], root: Path
):
    version = list_versions(root / "serving")[0]
    moved = root / "elsewhere" / "7"
    moved.parent.mkdir()
    version.path.rename(moved)
    try:
        [model] = json.loads(call(lineage, str(moved), "--json").stdout)
    finally:
        moved.rename(version.path)

    assert model["node_id"] == "CountingTrainer"


def test_lineage_of_a_rollback_is_that_of_what_it_is_a_copy_of(
    call: Callable[..., Result], root: Path
):
    first = list_versions(root / "serving")[0]
    newer = root / "serving" / str(first.number + 1)
    newer.mkdir()
    (newer / "saved_model.pb").write_text("pushed by something else")

    copy = roll_back(root / "serving", first.number, now=0.0)

    of_copy, of_first, of_newer = (
        call(lineage, str(number)) for number in (copy.number, first.number, newer.name)
    )
    assert f"the model of {first.number}" in of_copy.stdout
    assert of_copy.stdout.splitlines()[1:] == of_first.stdout.splitlines()[1:]
    assert "one without a record" in of_newer.output
    assert of_newer.exit_code == 1


def test_an_unknown_version_is_refused_with_those_that_there_are(
    call: Callable[..., Result], root: Path
):
    result = call(lineage, "12345")

    assert result.exit_code == 1
    assert str(_version(root)) in result.output


def test_a_remote_version_is_refused_with_where_its_own_record_is(call: Callable[..., Result]):
    result = call(lineage, "gs://bucket/serving/7")

    assert result.exit_code == 2
    assert "gs://bucket/serving/7/assets.extra/push.json" in result.output


def test_metadata_is_found_by_its_url_too(call: Callable[..., Result], root: Path, tmp_path: Path):
    url = f"sqlite://{root}/metadata.db"

    result = call(runs, "--mlmd", url, "--set", f"metadata_path={tmp_path}/none.db")

    assert result.exit_code == 0
    assert url in result.output.replace("\n", "")


def test_damaged_metadata_are_named_with_what_to_do(
    call: Callable[..., Result], root: Path, tmp_path: Path
):
    damaged = tmp_path / "metadata.db"
    damaged.write_text("not a database")

    for arguments in ([runs], [lineage, str(_version(root))]):
        result = call(*arguments, "--set", f"metadata_path={damaged}")

        assert result.exit_code == 1
        assert f"Error: {damaged}: expected ML Metadata in SQLite" in result.output


def test_without_metadata_the_commands_say_where_it_was_looked_for(
    call: Callable[..., Result], tmp_path: Path
):
    result = call(runs, "--set", f"metadata_path={tmp_path}/none.db")

    assert result.exit_code == 1
    assert f"{tmp_path}/none.db: expected the metadata" in result.output
    assert not (tmp_path / "none.db").exists()
