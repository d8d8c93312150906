"""The gate in a pipeline, from IDX files to the statistics that it accepts or refuses."""

import logging
import os
import re
from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path

import ml_metadata as mlmd
import numpy as np
import numpy.typing as npt
import pytest
from ml_metadata.proto.metadata_store_pb2 import Artifact, Execution
from tensorflow_data_validation import StatsOptions
from tfx.components.example_validator.component import ExampleValidator
from tfx.components.statistics_gen.component import StatisticsGen
from tfx.orchestration.local.local_dag_runner import LocalDagRunner
from tfx.orchestration.metadata import sqlite_metadata_connection_config
from tfx.orchestration.pipeline import Pipeline
from tfx.proto import example_gen_pb2

from components.anomaly_gate.acceptance import NOBODY, read_accepted_drift
from components.anomaly_gate.component import AnomalyGate
from components.anomaly_gate.executor import AnomalyError
from components.idx_example_gen.component import IdxExampleGen
from components.previous_statistics.strategy import make_previous_statistics_resolver
from components.schema_importer.component import SchemaImporter
from modules.data_spec import MNIST, DataSpec
from runners.metadata.artifacts import properties_of
from runners.report.artifacts import render_artifact

CONTRACT = """
feature {
  name: "image" type: BYTES
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } } image_domain {}
}
feature {
  name: "label" type: INT
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } }
  int_domain { min: 0 max: 9 is_categorical: true }
  skew_comparator { infinity_norm { threshold: 0.1 } }
  drift_comparator { infinity_norm { threshold: 0.05 } }
}
feature {
  name: "height" type: INT
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } }
}
feature {
  name: "width" type: INT
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } }
}
feature {
  name: "mean_intensity" type: FLOAT
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } }
  float_domain { min: 0.005 max: 1 }
  skew_comparator { jensen_shannon_divergence { threshold: 0.2 } }
  drift_comparator { jensen_shannon_divergence { threshold: 0.2 } }
}
feature {
  name: "ink_fraction" type: FLOAT
  presence { min_fraction: 1 min_count: 1 } shape { dim { size: 1 } }
  float_domain { min: 0.01 max: 1 }
}
"""
NUM_TRAIN = 2000
NUM_TEST = 20

Pixels = npt.NDArray[np.uint8]
WriteIdx = Callable[[Path, Pixels], Path]


def make_images(num_rows: int, seed: int) -> Pixels:
    """Returns images that differ in their brightness, as handwriting does."""
    rng = np.random.default_rng(seed)
    brightness = rng.uniform(0.2, 0.8, size=(num_rows, 1, 1))
    return (rng.integers(0, 256, size=(num_rows, 28, 28)) * brightness).astype(np.uint8)


class Project:
    """A folder of IDX files, a contract, and the pipeline that brings them before the gate."""

    def __init__(self, folder: Path, write_idx: WriteIdx) -> None:
        self._write_idx = write_idx
        self.data = folder / "data"
        self.data.mkdir()
        self.contract = folder / "schema.pbtxt"
        self.contract.write_text(CONTRACT)
        self._root = folder / "root"
        self._root.mkdir()
        self._connection = sqlite_metadata_connection_config(str(folder / "metadata.db"))

    def write_data(
        self,
        *,
        images: Pixels | None = None,
        labels: Pixels | None = None,
        num_test_classes: int = 10,
        seed: int = 0,
    ) -> None:
        sets = {
            "train-images-idx3": make_images(NUM_TRAIN, seed) if images is None else images,
            "train-labels-idx1": np.arange(NUM_TRAIN, dtype=np.uint8) % 10
            if labels is None
            else labels,
            "t10k-images-idx3": make_images(NUM_TEST, seed + 1000),
            "t10k-labels-idx1": np.arange(NUM_TEST, dtype=np.uint8) % num_test_classes,
        }
        for name, content in sets.items():
            path = self._write_idx(self.data / f"{name}-ubyte", content)
            os.utime(path, (seed, seed))  # TFX compares sizes and times, to the second

    def run(
        self,
        *,
        data: DataSpec = MNIST,
        classes: Sequence[int] = range(10),
        max_shared_rows: float = 1.0,
        new_data_accepted_by: str = NOBODY,
    ) -> None:
        halves = example_gen_pb2.SplitConfig(
            splits=[{"name": "train", "hash_buckets": 1}, {"name": "eval", "hash_buckets": 1}]
        )
        example_gen = IdxExampleGen(
            str(self.data), output_config=example_gen_pb2.Output(split_config=halves)
        )
        schema = SchemaImporter(schema_file=str(self.contract)).outputs["schema"]
        statistics_gen = StatisticsGen(
            examples=example_gen.outputs["examples"],
            schema=schema,
            stats_options=StatsOptions(
                use_sketch_based_topk_uniques=True, num_histogram_buckets=50
            ),
        )
        statistics = statistics_gen.outputs["statistics"]
        validator = ExampleValidator(statistics=statistics, schema=schema)
        resolver = make_previous_statistics_resolver(statistics)
        gate = AnomalyGate(
            examples=example_gen.outputs["examples"],
            anomalies=validator.outputs["anomalies"],
            statistics=statistics,
            schema=schema,
            previous_statistics=resolver.outputs["accepted_statistics"],
            data=data,
            classes=classes,
            max_shared_rows=max_shared_rows,
            new_data_accepted_by=new_data_accepted_by,
        )
        LocalDagRunner().run(
            Pipeline(
                pipeline_name="test",
                pipeline_root=str(self._root),
                metadata_connection_config=self._connection,
                components=[
                    example_gen,
                    schema.producer_component,
                    statistics_gen,
                    validator,
                    resolver,
                    gate,
                ],
                enable_cache=True,
                beam_pipeline_args=["--runner=FnApiRunner", "--sdk_container_image=unused"],
            )
        )

    def refused_data(self, *, new_data_accepted_by: str = NOBODY) -> str:
        """Runs, is refused for drift, and returns by which name the data can be accepted."""
        with pytest.raises(AnomalyError) as error:
            self.run(new_data_accepted_by=new_data_accepted_by)
        [data] = re.findall(r"tfx-mnist run --accept-new-data ([0-9a-f]{12})`", str(error.value))
        return data

    def accepted(self) -> list[Artifact]:
        return [
            artifact
            for artifact in mlmd.MetadataStore(self._connection).get_artifacts_by_type(
                "ExampleStatistics"
            )
            if "source_statistics_id" in artifact.custom_properties
            and artifact.state == Artifact.LIVE
        ]

    def last_states(self) -> list[str]:
        store = mlmd.MetadataStore(self._connection)
        run = max(store.get_contexts_by_type("pipeline_run"), key=lambda context: context.id)
        executions = sorted(store.get_executions_by_context(run.id), key=lambda one: one.id)
        return [Execution.State.Name(execution.last_known_state) for execution in executions]


@pytest.fixture
def project(tmp_path: Path, write_idx: WriteIdx) -> Project:
    return Project(tmp_path, write_idx)


def test_images_of_zero_bytes_are_refused_with_feature_split_and_value(project: Project):
    project.write_data(images=np.zeros((NUM_TRAIN, 28, 28), np.uint8))

    with pytest.raises(AnomalyError) as error:
        project.run()

    message = str(error.value)
    for split in ("train", "eval"):
        for feature, bound in (("mean_intensity", "0.005"), ("ink_fraction", "0.01")):
            assert f"split {split}, feature {feature}: Out-of-range values." in message
            assert f"Unexpectedly low values: 0<{bound}" in message
    assert "min 0, median 0, max 0, mean 0" in message
    assert "tfx-mnist schema accept" in message
    assert "split test" not in message
    assert (
        "The data: t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte, train-images-idx3-ubyte, "
        f"train-labels-idx1-ubyte in {project.data}." in message
    )
    assert project.accepted() == []


def test_drifted_data_are_refused_and_the_next_are_compared_with_the_last_accepted(
    project: Project, caplog: pytest.LogCaptureFixture
):
    caplog.set_level(logging.INFO, logger="components.anomaly_gate")
    project.write_data(seed=1)
    project.run()
    (first,) = project.accepted()
    assert "No statistics were accepted before" in caplog.text
    assert first.properties["split_names"].string_value == '["train", "eval", "test"]'
    assert len(list(Path(first.uri).glob("Split-*/FeatureStats.pb"))) == 3

    project.run()
    assert project.last_states() == ["CACHED"] * 4 + ["COMPLETE", "CACHED"]  # resolvers always run

    labels = np.arange(NUM_TRAIN, dtype=np.uint8) % 10
    labels[labels == 7] = 1
    project.write_data(images=make_images(NUM_TRAIN, seed=2) // 4, labels=labels, seed=2)
    with pytest.raises(AnomalyError) as error:
        project.run()
    message = str(error.value)
    assert f"split train against the one accepted before (artifact {first.id})" in message
    assert "feature mean_intensity: High approximate Jensen-Shannon divergence" in message
    assert "feature label: High Linfty distance between current and previous" in message
    assert "9 distinct values from 0 to 9 (1 " in message
    assert "10 distinct values from 0 to 9 (" in message
    assert "raise the threshold" in message
    assert project.accepted() == [first]

    caplog.clear()
    project.write_data(seed=3)
    project.run()
    assert len(project.accepted()) == 2
    drift = [
        line
        for line in caplog.messages
        if f"accepted before (artifact {first.id})" in line and " distance " in line
    ]
    assert any("label: L-infinity distance 0.0" in line for line in drift)
    assert any("mean_intensity: Jensen-Shannon distance 0." in line for line in drift)
    assert all("threshold 0." in line for line in drift)


def test_classes_without_test_rows_stop_the_run_unless_they_are_not_asked_for(project: Project):
    project.write_data(num_test_classes=5)

    with pytest.raises(AnomalyError) as error:
        project.run()

    message = str(error.value)
    assert "split test, feature label: Classes without rows." in message
    assert "expects the classes 0 to 9; there are no rows of 5 to 9" in message
    assert "5 distinct values from 0 to 4" in message
    assert f"in {project.data}." in message
    assert "thresholds.unmeasured_classes" in message
    assert "schema accept" not in message
    assert project.accepted() == []

    names = (*"abcdefghi", "Ankle boot")
    with pytest.raises(
        AnomalyError, match=r"there are no rows of 5 \(f\), .* and 9 \(Ankle boot\)"
    ):
        project.run(data=DataSpec(class_names=names))

    project.run(classes=range(5))
    assert len(project.accepted()) == 1


def test_classes_that_are_no_categories_are_left_to_the_evaluator(
    project: Project, caplog: pytest.LogCaptureFixture
):
    contract = re.sub("is_categorical: true|.*infinity_norm.*", "", CONTRACT)
    project.contract.write_text(contract)
    project.write_data(num_test_classes=5)

    project.run()

    assert len(project.accepted()) == 1
    assert "The classes in the split test are not counted before training" in caplog.text


def test_one_image_with_two_labels_in_the_train_files_is_refused_in_eval(project: Project):
    images = np.repeat(make_images(NUM_TRAIN // 2, seed=4), 2, axis=0)
    project.write_data(images=images)

    with pytest.raises(AnomalyError) as error:
        project.run(max_shared_rows=0.01)

    message = str(error.value)
    assert "split eval, feature image: Images that are trained on." in message
    assert "with another label" in message
    assert "split test" not in message


def test_drift_that_somebody_accepts_passes_and_is_what_later_data_are_compared_with(
    project: Project,
):
    project.write_data(seed=1)
    project.run()
    project.write_data(images=make_images(NUM_TRAIN, seed=2) // 2, seed=2)
    data = project.refused_data()

    project.run(new_data_accepted_by=f"ada@{data}")

    accepted = project.accepted()[-1]
    shown = render_artifact(accepted)
    assert "accepted by ada" in shown
    assert "although they have drifted: split train against the one accepted before" in shown
    drift = read_accepted_drift(properties_of(accepted))
    assert drift is not None
    assert datetime.fromisoformat(drift.time).tzinfo is not None
    [sentence] = drift.drift
    assert "feature mean_intensity: High approximate Jensen-Shannon divergence" in sentence

    project.run()  # the same data, and nobody needs to accept them again
    project.run()
    assert project.last_states() == ["CACHED"] * 4 + ["COMPLETE", "CACHED"]

    project.write_data(images=make_images(NUM_TRAIN, seed=3) // 2, seed=3)
    project.run(new_data_accepted_by=f"ada@{data}")
    assert "accepted_by" not in project.accepted()[-1].custom_properties

    project.write_data(seed=4)
    assert project.refused_data(new_data_accepted_by=f"ada@{data}") != data


def test_who_accepts_new_data_accepts_nothing_else(project: Project):
    project.write_data(seed=1)
    project.run()
    project.write_data(images=np.zeros((NUM_TRAIN, 28, 28), np.uint8), seed=2)
    data = project.refused_data()

    with pytest.raises(AnomalyError) as error:
        project.run(new_data_accepted_by=f"ada@{data}")

    assert "Out-of-range values" in str(error.value)
    assert f"The drift of {data} is accepted by ada." in str(error.value)
    assert "--accept-new-data" not in str(error.value)
    assert len(project.accepted()) == 1
