"""What can't be loaded says why, and counts as an attempt that failed."""

from pathlib import Path

import pytest
from tensorflow.core.protobuf import saved_model_pb2

from serving.errors import Code, ServingError
from serving.metrics import Metrics
from serving.models.config import ModelConfig
from serving.models.lifecycle import ModelVersion
from serving.saved_model.loading import Loader, LoadingOptions
from serving.saved_model.session import SessionOptions
from serving.saved_model.warmup import WARMUP_PATH
from support.toy_models import save_half_plus_two


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Returns the folder of a version that can be loaded."""
    save_half_plus_two(tmp_path / "1")
    return tmp_path / "1"


def load(folder: Path, metrics: Metrics, **options: object) -> object:
    loader = Loader(metrics, LoadingOptions(**options))  # type: ignore[arg-type]
    config = ModelConfig(name="m", base_path=str(folder.parent))
    return loader.load(config, ModelVersion(1, str(folder)))


def count_failures(metrics: Metrics) -> float:
    lines = metrics.render().splitlines()
    return sum(float(line.split()[-1]) for line in lines if 'status="fail"' in line)


def test_missing_tags_are_told_as_such(folder: Path):
    metrics = Metrics()
    with pytest.raises(ServingError, match=r"matching supplied tags: \{ serve gpu \}") as error:
        load(folder, metrics, session=SessionOptions(tags=("serve", "gpu")))
    assert error.value.code is Code.NOT_FOUND
    assert count_failures(metrics) == 1


def test_other_runtime_error_keeps_its_text_and_counts(folder: Path):
    path = folder / "saved_model.pb"
    model = saved_model_pb2.SavedModel.FromString(path.read_bytes())
    graph = model.meta_graphs[0]
    graph.signature_def.pop("__saved_model_init_op", None)
    operation = graph.graph_def.node[0].name
    graph.collection_def["saved_model_main_op"].node_list.value.extend([operation] * 2)
    path.write_bytes(model.SerializeToString())
    metrics = Metrics()
    with pytest.raises(RuntimeError, match="Expected exactly one SavedModel init op"):
        load(folder, metrics)
    assert count_failures(metrics) == 1


def test_batching_file_is_read_before_the_model_is_loaded_and_warmed_up(folder: Path):
    warmup = folder / WARMUP_PATH
    warmup.parent.mkdir(exist_ok=True)
    warmup.write_text("no record")
    (folder / "batching_params.pbtxt").write_text("max_batch_size {")
    metrics = Metrics()
    with pytest.raises(ServingError, match=r"batching_params\.pbtxt"):
        load(folder, metrics, per_model_batching=True)
    assert count_failures(metrics) == 1
