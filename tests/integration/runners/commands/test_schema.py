"""`tfx-mnist schema` after a real run whose data its contract does not fit."""

import shutil
from collections.abc import Callable
from pathlib import Path

import click
import pytest
from ml_metadata import MetadataStore
from tensorflow_data_validation import StatsOptions, load_stats_binary, validate_statistics
from tfx.components.schema_gen.component import SchemaGen
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.pipeline import Pipeline

from components.idx_example_gen.component import IdxExampleGen
from components.schema_importer.component import SchemaImporter
from runners.commands.schema import schema
from runners.metadata.connection import sqlite_connection
from runners.schema.text import parse_schema

CONTRACT = """\
# Written by hand.
feature {
  name: "image"
  type: BYTES
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
  image_domain {}  # makes the statistics those of bytes
}

feature {
  name: "label"
  type: INT
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
  int_domain { min: 0 max: 8 is_categorical: true }
  drift_comparator { infinity_norm { threshold: 0.03 } }
}

feature {
  name: "mean_intensity"
  type: FLOAT
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
  float_domain { min: 0.01 max: 0.1 }
}

feature {
  name: "ink_fraction"
  type: BYTES
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
}

feature {
  name: "colour"
  type: BYTES
  presence { min_fraction: 1.0 min_count: 1 }
}

# The same for every image.
feature {
  name: "height"
  type: INT
  presence { min_fraction: 1.0 min_count: 1 }
  shape { dim { size: 1 } }
}
"""


@pytest.fixture(scope="module")
def finished_run(
    tmp_path_factory: pytest.TempPathFactory, mnist_idx_folder: Callable[..., Path]
) -> Path:
    """Returns the root of a pipeline that inferred a schema."""
    root = tmp_path_factory.mktemp("run")
    contract = root / "schema.pbtxt"
    contract.write_text(CONTRACT)
    example_gen = IdxExampleGen(
        str(mnist_idx_folder(root / "data", num_train=200, num_test=50, compress=False))
    )
    importer = SchemaImporter(schema_file=str(contract))
    statistics_gen = StatisticsGen(
        examples=example_gen.outputs["examples"],
        schema=importer.outputs["schema"],
        stats_options=StatsOptions(use_sketch_based_topk_uniques=True),
    )
    schema_gen = SchemaGen(statistics=statistics_gen.outputs["statistics"])
    LocalDagRunner().run(
        Pipeline(
            pipeline_name="mnist",
            pipeline_root=str(root),
            metadata_connection_config=sqlite_connection(str(root / "metadata.db")),
            components=[example_gen, importer, statistics_gen, schema_gen],
            beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
        )
    )
    return root


@pytest.fixture
def contract(finished_run: Path, tmp_path: Path) -> Path:
    return Path(shutil.copy(finished_run / "schema.pbtxt", tmp_path))


def call(command: str, root: Path, contract: Path, *options: str) -> None:
    settings = {"pipeline_name": "mnist", "pipeline_root": root, "schema_path": contract}
    arguments = [f"--set={key}={value}" for key, value in settings.items()]
    schema.main([command, *arguments, *options], standalone_mode=False)


def test_diff_shows_the_data_against_the_contract_and_changes_nothing(
    finished_run: Path, contract: Path, capfd: pytest.CaptureFixture[str]
):
    call("diff", finished_run, contract)

    shown = capfd.readouterr()
    assert shown.err == ""
    lines = shown.out.splitlines()
    assert f"contract  {contract}" in lines
    assert "feature image agrees" in lines
    assert "  kept, as no data tell them: image_domain" in lines
    assert lines[lines.index("feature label differs") + 1 :][:3] == [
        "  - int_domain.max: 8",
        "  + int_domain.max: 9",
        "  kept, as no data tell them: int_domain, drift_comparator",
    ]
    assert "  - float_domain.max: 0.1" in lines
    assert "feature colour only in the contract" in lines
    assert "feature width only in the data" in lines
    assert contract.read_text() == CONTRACT


@pytest.mark.parametrize(
    ("setting", "misfit"),
    [
        ("data.height=32", "feature height: data.height allows 32 to 32, the data have 28."),
        ("data.width=14", "feature width: data.width allows 14 to 14, the data have 28."),
        ("data.num_classes=4", "feature label: data.num_classes allows 0 to 3, the data have 9."),
    ],
)
def test_diff_tells_what_the_configuration_does_not_allow(
    finished_run: Path, contract: Path, capfd: pytest.CaptureFixture[str], setting: str, misfit: str
):
    contract.write_text(
        'feature { name: "height" type: INT int_domain { name: "height" } }\n'
        'feature { name: "width" type: INT int_domain { name: "width" } }\n'
        'feature { name: "label" type: INT int_domain { is_categorical: true } }\n'
    )
    call("diff", finished_run, contract)
    assert "The configuration does not allow" not in capfd.readouterr().out

    call("diff", finished_run, contract, f"--set={setting}")

    assert misfit in capfd.readouterr().out


def test_diff_tells_where_an_accepted_contract_would_contradict_the_configuration(
    finished_run: Path, contract: Path, capfd: pytest.CaptureFixture[str]
):
    call("diff", finished_run, contract, "--set=data.num_classes=9")

    told = capfd.readouterr().out.partition("The configuration does not allow")[2]
    assert f"{contract}: feature label: expected values from 0 to 8" in told
    assert "received a domain from 0 to 9" in told


def test_the_run_may_be_read_from_metadata_that_a_url_names(
    finished_run: Path, contract: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
):
    elsewhere = tmp_path / "never run"
    metadata = f"--mlmd=sqlite://{finished_run / 'metadata.db'}"

    call("diff", elsewhere, contract, metadata)

    assert "feature label differs" in capfd.readouterr().out
    assert not elsewhere.exists()


def test_an_accepted_contract_holds_for_the_data_and_keeps_what_they_cannot_tell(
    finished_run: Path, contract: Path, capfd: pytest.CaptureFixture[str]
):
    call("accept", finished_run, contract)

    text = contract.read_text()
    accepted = parse_schema(text)
    for split in ("train", "eval", "test"):
        (path,) = finished_run.glob(f"StatisticsGen/statistics/*/Split-{split}/FeatureStats.pb")
        anomalies = validate_statistics(load_stats_binary(str(path)), accepted)
        assert not anomalies.anomaly_info
    assert "threshold: 0.03" in text
    assert "int_domain { min: 0 max: 9 is_categorical: true }" in text
    assert text.startswith("# Written by hand.\n")
    assert "# makes the statistics those of bytes" in text
    assert "# The same for every image." in text
    assert "colour" not in text
    assert list(contract.parent.iterdir()) == [contract]
    assert "commit it" in capfd.readouterr().out

    call("accept", finished_run, contract)

    assert "there is nothing to accept" in capfd.readouterr().out
    assert contract.read_text() == text


def test_a_contract_that_is_missing_is_written_whole(finished_run: Path, tmp_path: Path):
    contract = tmp_path / "new" / "schema.pbtxt"

    call("accept", finished_run, contract)

    names = [feature.name for feature in parse_schema(contract.read_text()).feature]
    assert sorted(names) == [
        "height",
        "image",
        "ink_fraction",
        "label",
        "mean_intensity",
        "width",
    ]


def test_a_pipeline_that_never_ran_is_told_to_run(tmp_path: Path, contract: Path):
    with pytest.raises(click.ClickException, match=r"metadata\.db.*tfx-mnist run"):
        call("diff", tmp_path, contract)


def test_a_run_that_inferred_nothing_is_told_to_run(tmp_path: Path, contract: Path):
    MetadataStore(sqlite_connection(str(tmp_path / "metadata.db")))

    with pytest.raises(click.ClickException, match="'mnist' has come as far as SchemaGen"):
        call("diff", tmp_path, contract)


def test_damaged_metadata_are_named(tmp_path: Path, contract: Path):
    (tmp_path / "metadata.db").write_text("not a database")

    with pytest.raises(click.ClickException, match=r"metadata\.db: expected ML Metadata in SQLite"):
        call("diff", tmp_path, contract)


def test_a_contract_that_is_no_schema_is_named_with_line_and_column(
    finished_run: Path, contract: Path
):
    contract.write_text('feature {\n  title: "label"\n}\n')

    with pytest.raises(click.ClickException, match=r"schema\.pbtxt: .* 2:3"):
        call("accept", finished_run, contract)


def test_a_contract_that_cannot_be_written_is_named(finished_run: Path, tmp_path: Path):
    (tmp_path / "file").touch()

    with pytest.raises(click.ClickException, match=r"schema\.pbtxt: cannot be written"):
        call("accept", finished_run, tmp_path / "file" / "schema.pbtxt")


def test_a_run_whose_files_were_deleted_is_told_to_run_again(finished_run: Path, contract: Path):
    (folder,) = finished_run.glob("StatisticsGen/statistics/*/Split-eval")
    folder.rename(folder.with_name("away"))
    try:
        with pytest.raises(
            click.ClickException, match=r"FeatureStats\.pb: .*Run the pipeline again"
        ):
            call("diff", finished_run, contract)
    finally:
        folder.with_name("away").rename(folder)
