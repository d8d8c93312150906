"""The Beam nodes elsewhere: through Beam's portable job API, and in a process of their own.

Whoever runs them, the rows, the statistics and the metrics must be the same.
"""

import io
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import tensorflow as tf
from tensorflow_metadata.proto.v0 import statistics_pb2
from tfx.proto.orchestration import executable_spec_pb2, pipeline_pb2

from pipeline.config import PipelineConfig
from pipeline.config_sources import load_config
from runners.local.display import make_display
from runners.local.outcome import DONE, RunOutcome
from runners.local.run import run_locally
from runners.local.run_id import new_run_id
from runners.orchestration.compiled import compile_ir
from support.beam.job_service import BeamJobService, run_job_service
from support.project import PROJECT

_OPTION_SET = PROJECT / "deploy" / "beam" / "job_service.yaml"
_SMALL = [
    "training.epochs=1",
    "training.augment=false",
    "training.batch_size_per_replica=64",
    "training.filters=4",
    "thresholds.accuracy=0",
    "thresholds.class_accuracy=0",
    "thresholds.min_rows=1",
    "thresholds.max_p99_latency_ms=5000",  # a busy test machine is no slow model
    "examples.rows_per_shard=300",  # several shards, so several elements in Beam
]
_OWN_PROCESS = (
    "beam_pipeline_args=[--runner=FnApiRunner, --direct_running_mode=multi_processing, "
    "--sdk_container_image=unused]"
)


class Outputs(NamedTuple):
    """What the newest run of the first two Beam nodes wrote."""

    rows: dict[str, list[bytes]]
    statistics: dict[str, str]


@pytest.fixture(scope="module")
def job_service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BeamJobService]:
    with run_job_service(tmp_path_factory.mktemp("job_service") / "log.txt") as service:
        yield service


@pytest.fixture(scope="module")
def make_config(
    tmp_path_factory: pytest.TempPathFactory, mnist_idx_folder: Callable[..., Path]
) -> Callable[..., PipelineConfig]:
    """Returns a function that reads a configuration of one pipeline on a small part of MNIST."""
    folder = tmp_path_factory.mktemp("pipeline")
    mnist_idx_folder(folder / "data", num_train=1000, num_test=200, compress=False)
    paths = [
        f"pipeline_root={folder}/root",
        f"serving_model_dir={folder}/serving",
        f"data_root={folder}/data",
        f"schema_path={PROJECT}/data/schema/schema.pbtxt",
    ]

    def make(*overrides: str, option_set: Path | None = None) -> PipelineConfig:
        config_file = str(option_set) if option_set else None
        return load_config(config_file=config_file, overrides=[*_SMALL, *paths, *overrides])

    return make


def _run(config: PipelineConfig, *nodes: str) -> RunOutcome:
    """Runs all nodes, or anew those from the first to the last that are named."""
    with make_display(io.StringIO()) as display:
        outcome = run_locally(
            config, display, new_run_id(), from_nodes=nodes[:1], to_nodes=nodes[-1:]
        )
    states = {node.node_id: node.state for node in outcome.nodes}
    assert outcome.exit_code == DONE, outcome.cause
    assert {states[node] for node in nodes or states} == {"complete"}
    return outcome


def _read_outputs(config: PipelineConfig) -> Outputs:
    examples = _newest(Path(config.pipeline_root) / "IdxExampleGen" / "examples")
    statistics = _newest(Path(config.pipeline_root) / "StatisticsGen" / "statistics")
    return Outputs(
        rows={str(shard.relative_to(examples)): _read_rows(shard) for shard in _files(examples)},
        statistics={
            str(file.relative_to(statistics)): _read_statistics(file) for file in _files(statistics)
        },
    )


def _newest(folder: Path) -> Path:
    return max(folder.glob("[0-9]*"), key=lambda path: int(path.name))


def _files(folder: Path) -> list[Path]:
    return sorted(path for path in folder.rglob("*") if path.is_file())


def _read_rows(shard: Path) -> list[bytes]:
    dataset = tf.data.TFRecordDataset(str(shard), compression_type="GZIP")
    return list(dataset.as_numpy_iterator())


def _read_statistics(file: Path) -> str:
    return str(statistics_pb2.DatasetFeatureStatisticsList.FromString(file.read_bytes()))


@pytest.fixture(scope="module")
def portable_run(
    job_service: BeamJobService,
    make_config: Callable[..., PipelineConfig],
    tmp_path_factory: pytest.TempPathFactory,
) -> RunOutcome:
    """Runs the whole pipeline with the option set of deploy/beam, on the port that is free here."""
    text = _OPTION_SET.read_text()
    assert "localhost:8099" in text
    option_set = tmp_path_factory.mktemp("option_set") / _OPTION_SET.name
    option_set.write_text(text.replace("localhost:8099", job_service.endpoint))
    return _run(make_config(option_set=option_set))


@pytest.fixture(scope="module")
def portable_outputs(
    portable_run: RunOutcome, make_config: Callable[..., PipelineConfig]
) -> Outputs:
    assert portable_run.exit_code == DONE
    return _read_outputs(make_config())


def test_the_whole_pipeline_pushes_a_model_through_the_portable_job_api(
    portable_run: RunOutcome, job_service: BeamJobService
):
    assert Path(portable_run.pushed_to, "saved_model.pb").is_file()
    # TFX names its own executors only. Transform sends no job: its graph needs no pass over data.
    assert job_service.jobs() == [
        ("third_party_executor", "DONE"),
        ("tfx-components-statistics_gen-executor-executor", "DONE"),
        ("third_party_executor", "DONE"),
    ]


def test_rows_and_statistics_are_those_of_the_default_runner(
    portable_outputs: Outputs, make_config: Callable[..., PipelineConfig]
):
    config = make_config()

    _run(config, "IdxExampleGen", "StatisticsGen")
    outputs = _read_outputs(config)

    assert sum(map(len, outputs.rows.values())) == 1200
    assert outputs.rows == portable_outputs.rows
    assert outputs.statistics == portable_outputs.statistics


def test_a_worker_process_needs_nothing_of_the_process_that_sent_the_work(
    portable_outputs: Outputs, make_config: Callable[..., PipelineConfig]
):
    config = make_config(_OWN_PROCESS)

    _run(config, "IdxExampleGen")

    assert _read_outputs(config).rows == portable_outputs.rows


def test_metrics_are_those_of_the_default_runner(
    portable_run: RunOutcome, make_config: Callable[..., PipelineConfig]
):
    again = _run(make_config(), "Evaluator")

    assert again.metrics
    assert again.metrics == pytest.approx(portable_run.metrics)


@pytest.mark.parametrize(
    "option_set", sorted(_OPTION_SET.parent.glob("*.yaml")), ids=lambda path: path.stem
)
def test_every_beam_node_is_compiled_with_the_option_set(option_set: Path):
    config = load_config(config_file=str(option_set))

    ir = compile_ir(config)

    deployment = pipeline_pb2.IntermediateDeploymentConfig()
    ir.deployment_config.Unpack(deployment)
    arguments = {}
    for node_id, packed in deployment.executor_specs.items():
        spec = executable_spec_pb2.BeamExecutableSpec()
        if packed.Unpack(spec):
            arguments[node_id] = tuple(spec.beam_pipeline_args)
    beam_nodes = ("IdxExampleGen", "StatisticsGen", "Transform", "Evaluator")
    assert arguments == dict.fromkeys(beam_nodes, config.beam_pipeline_args)
