"""Versions that come, go and break while a server runs."""

import gc
import shutil
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import grpc
import httpx
import numpy as np
import pytest
import tensorflow as tf
from tensorflow_serving.apis import (
    classification_pb2,
    inference_pb2,
    model_management_pb2,
    predict_pb2,
    prediction_log_pb2,
    regression_pb2,
)

from serving.config_files import parse_model_server_config
from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from serving.models.model_spec import ModelSpec
from serving.models.policy import Specific
from support.serving.fixtures import connect
from support.serving.threads import RunningServer, running_server
from support.toy_models import save_half_plus_two
from support.waiting import DEADLINE_SECONDS, wait_until

NO_RETRIES = ManagerOptions(max_num_load_retries=0)
WARMUP = Path("assets.extra") / "tf_serving_warmup_requests"


def states(running: RunningServer, model: str = "m") -> dict[str, str]:
    reply = httpx.get(f"{running.url}/v1/models/{model}").json()
    return {entry["version"]: entry["state"] for entry in reply.get("model_version_status", [])}


def answer(running: RunningServer, path: str = "m") -> Any:
    url = f"{running.url}/v1/models/{path}:predict"
    reply = httpx.post(url, json={"instances": [0.0]}).json()
    return reply.get("predictions", [reply.get("error")])[0]


def push(staged: Path, base: Path, version: int) -> None:
    """Makes a version appear whole, as a push does."""
    shutil.copytree(staged, base / f".tmp-{version}")
    (base / f".tmp-{version}").rename(base / str(version))


@pytest.fixture(scope="module")
def staged(tmp_path_factory: pytest.TempPathFactory) -> dict[int, Path]:
    """Returns models that answer 10 and 20 to zero."""
    folder = tmp_path_factory.mktemp("staged")
    return {
        version: save_half_plus_two(folder / str(version), addend=10.0 * version)
        for version in (1, 2)
    }


@pytest.fixture
def base(tmp_path: Path, staged: dict[int, Path]) -> Path:
    """Returns a base path with version 1."""
    push(staged[1], tmp_path, 1)
    return tmp_path


def serve(base: Path, **options: Any) -> Any:
    options = {"manager": NO_RETRIES, "file_system_poll_wait_seconds": 0.05, **options}
    return running_server(**{"models": [ModelConfig(name="m", base_path=str(base))], **options})


def test_new_version_is_loaded_and_a_removed_one_gives_way(base: Path, staged: dict[int, Path]):
    with serve(base) as running:
        assert answer(running) == 10.0
        push(staged[2], base, 2)
        wait_until(lambda: states(running) == {"2": "AVAILABLE", "1": "END"})
        assert answer(running) == 20.0
        shutil.rmtree(base / "2")
        wait_until(lambda: states(running) == {"2": "END", "1": "AVAILABLE"})
        assert answer(running) == 10.0


@pytest.mark.parametrize(
    "damage",
    [
        lambda model: shutil.rmtree(model / "variables"),
        lambda model: (model / "saved_model.pb").write_bytes(b"half a graph"),
        lambda model: (model / "saved_model.pb").unlink(),
        lambda model: (model / "variables" / "variables.data-00000-of-00001").write_bytes(b""),
    ],
    ids=["no variables", "damaged graph", "no graph", "empty variables"],
)
def test_broken_version_leaves_the_good_one_serving(
    base: Path, staged: dict[int, Path], tmp_path_factory: pytest.TempPathFactory, damage: Any
):
    broken = tmp_path_factory.mktemp("broken") / "model"
    shutil.copytree(staged[2], broken)
    damage(broken)
    with serve(base) as running:
        push(broken, base, 2)
        wait_until(lambda: states(running).get("2") == "END")
        assert answer(running) == 10.0
        reply = httpx.get(f"{running.url}/v1/models/m/versions/2").json()
        [entry] = reply["model_version_status"]
        assert entry["status"]["error_code"] != "OK"
        assert entry["status"]["error_message"]


def test_version_that_is_copied_in_slowly_is_served_when_it_is_whole(
    base: Path, staged: dict[int, Path]
):
    retries = ManagerOptions(max_num_load_retries=1000, load_retry_interval_seconds=0.05)
    with serve(base, manager=retries) as running:
        shutil.copytree(staged[2] / "variables", base / "2" / "variables")
        wait_until(lambda: "2" in states(running))
        assert answer(running) == 10.0
        shutil.copy(staged[2] / "saved_model.pb", base / "2" / "saved_model.pb")
        wait_until(lambda: states(running).get("2") == "AVAILABLE")
        assert answer(running) == 20.0


def test_memory_of_an_unloaded_version_is_freed(base: Path, staged: dict[int, Path]):
    with serve(base) as running, no_garbage_collection_by_chance():
        with running.server.manager.acquire(ModelSpec("m")) as handle:
            loaded: Any = handle.loaded
            freed = threading.Event()
            # Told, and not asked for: who asks holds the graph for a moment, which may be that of
            # the one collection.
            graph = weakref.ref(loaded._model._session._graph, lambda _: freed.set())  # noqa: SLF001
        del handle, loaded
        assert answer(running) == 10.0
        push(staged[2], base, 2)
        assert freed.wait(DEADLINE_SECONDS)
        assert graph() is None
        assert answer(running) == 20.0


@contextmanager
def no_garbage_collection_by_chance() -> Iterator[None]:
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


def test_server_that_can_load_nothing_says_so_and_does_not_start(tmp_path: Path):
    (tmp_path / "1").mkdir()
    with (
        pytest.raises(ServingError, match=r"1 model\(s\) did not become available: .*version: 1"),
        serve(tmp_path),
    ):
        pytest.fail("it listens")


def test_server_without_versions_waits_for_the_first(tmp_path: Path, staged: dict[int, Path]):
    with serve(tmp_path / "later", until_ready=False) as running:
        assert answer(running) == "Servable not found for request: Latest(m)"
        (tmp_path / "later").mkdir()
        push(staged[1], tmp_path / "later", 1)
        wait_until(lambda: states(running) == {"1": "AVAILABLE"})
        assert answer(running) == 10.0


def test_labels_move_with_the_configuration_file(
    base: Path,
    staged: dict[int, Path],
    tmp_path_factory: pytest.TempPathFactory,
    caplog: pytest.LogCaptureFixture,
):
    push(staged[2], base, 2)
    config = tmp_path_factory.mktemp("config") / "models.config"

    def write(canary: int) -> str:
        text = f"""model_config_list {{ config {{
            name: "m" base_path: "{base}" model_platform: "tensorflow"
            model_version_policy {{ specific {{ versions: [1, 2] }} }}
            version_labels {{ key: "stable" value: 1 }}
            version_labels {{ key: "canary" value: {canary} }} }} }}"""
        config.write_text(text)
        return text

    options = {
        "model_config_file": config,
        "model_config_file_poll_wait_seconds": 0.05,
        "manager": ManagerOptions(allow_version_labels_for_unavailable_models=True),
    }
    with serve(base, models=parse_model_server_config(write(2)), **options) as running:
        # The server is ready as soon as one of them answers.
        wait_until(lambda: states(running) == {"1": "AVAILABLE", "2": "AVAILABLE"})
        assert answer(running, "m/labels/stable") == 10.0
        assert answer(running, "m/labels/canary") == 20.0
        write(1)
        wait_until(lambda: answer(running, "m/labels/canary") == 10.0)
        config.write_text("no configuration")
        wait_until(lambda: "Failed to reload the configuration" in caplog.text, "a refusal")
        caplog.clear()
        write(9)  # a version that is not there: refused, and nothing changes
        wait_until(lambda: "assign label to version 9 of model m" in caplog.text, "a refusal")
        assert answer(running, "m/labels/stable") == 10.0
        assert answer(running, "m/labels/canary") == 10.0


def test_reload_request_changes_models_labels_and_policy(base: Path, staged: dict[int, Path]):
    push(staged[2], base, 2)
    with serve(base) as running:
        models = connect(running).models
        request = model_management_pb2.ReloadConfigRequest(
            metric_names=["/tensorflow/cc/saved_model/load_attempt_count"]
        )
        config = request.config.model_config_list.config.add(
            name="m", base_path=str(base), model_platform="tensorflow"
        )
        config.model_version_policy.specific.versions.extend([1, 2])
        reply = models.HandleReloadConfigRequest(request)
        assert reply.status.error_code == 0
        assert reply.metric[0].int64_value_increase == 1
        config.version_labels["stable"] = 1
        models.HandleReloadConfigRequest(request)
        assert answer(running, "m/labels/stable") == 10.0
        config.version_labels["canary"] = 7
        with pytest.raises(grpc.RpcError) as error:
            models.HandleReloadConfigRequest(request)
        assert error.value.code() is grpc.StatusCode.FAILED_PRECONDITION
        assert error.value.details() == (
            "Request to assign label to version 7 of model m, which is not currently available "
            "for inference"
        )
        config.version_labels.clear()
        config.name = "renamed"
        models.HandleReloadConfigRequest(request)
        assert answer(running, "renamed") == 20.0
        assert set(states(running).values()) == {"END"}
        with pytest.raises(grpc.RpcError, match="type not supported by HandleReloadConfigRequest"):
            models.HandleReloadConfigRequest(model_management_pb2.ReloadConfigRequest())


def test_reload_request_opens_no_folder_that_the_operator_does_not_name(
    base: Path, staged: dict[int, Path], tmp_path_factory: pytest.TempPathFactory
):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    push(staged[2], elsewhere, 1)
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.config.add(
        name="m", base_path=str(elsewhere), model_platform="tensorflow"
    )
    with serve(base) as running:
        with pytest.raises(grpc.RpcError, match="base_path that the server was started with") as e:
            connect(running).models.HandleReloadConfigRequest(request)
        assert e.value.code() is grpc.StatusCode.PERMISSION_DENIED
        assert answer(running) == 10.0
        request.config.model_config_list.config[0].base_path = f"{base}/"
        connect(running).models.HandleReloadConfigRequest(request)
    with serve(base, allow_reload_of_new_paths=True) as running:
        request.config.model_config_list.config[0].base_path = str(elsewhere)
        request.config.model_config_list.config[0].name = "other"
        connect(running).models.HandleReloadConfigRequest(request)
        assert answer(running, "other") == 20.0


@pytest.mark.parametrize(("folder_wait", "file_wait"), [(0, 0.05), (3600, 0.05), (0.05, 0.05)])
def test_configuration_file_is_read_at_its_own_pace(
    base: Path, staged: dict[int, Path], tmp_path: Path, folder_wait: float, file_wait: float
):
    push(staged[2], tmp_path / "second", 1)
    config = tmp_path / "models.config"

    def write(**folders: Path) -> str:
        models = [
            f'config {{ name: "{name}" base_path: "{folder}" model_platform: "tensorflow" }}'
            for name, folder in folders.items()
        ]
        text = f"model_config_list {{ {' '.join(models)} }}"
        config.write_text(text)
        return text

    with serve(
        base,
        models=parse_model_server_config(write(m=base)),
        model_config_file=config,
        model_config_file_poll_wait_seconds=file_wait,
        file_system_poll_wait_seconds=folder_wait,
    ) as running:
        write(m=base, second=tmp_path / "second")
        wait_until(lambda: answer(running, "second") == 20.0)


def test_specific_version_is_served_though_it_is_not_the_newest(
    base: Path, staged: dict[int, Path]
):
    push(staged[2], base, 2)
    config = ModelConfig(name="m", base_path=str(base), policy=Specific(frozenset({1})))
    with serve(base, models=[config]) as running:
        assert answer(running) == 10.0
        assert answer(running, "m/versions/2") == "Servable not found for request: Specific(m, 2)"


def write_warmup(model: Path, *logs: prediction_log_pb2.PredictionLog) -> None:
    path = model / WARMUP
    path.parent.mkdir()
    with tf.io.TFRecordWriter(str(path)) as writer:
        for log in logs:
            writer.write(log.SerializeToString())


def warmup_logs() -> list[prediction_log_pb2.PredictionLog]:
    predict, classify, regress, multi = (prediction_log_pb2.PredictionLog() for _ in range(4))
    request: Any = predict_pb2.PredictRequest()
    request.inputs["x"].CopyFrom(tf.make_tensor_proto(np.zeros(3, np.float32)))
    predict.predict_log.request.CopyFrom(request)
    feature = tf.train.Feature(float_list=tf.train.FloatList(value=[1.0]))
    example = tf.train.Example(features=tf.train.Features(feature={"x": feature}))
    request = classification_pb2.ClassificationRequest()
    request.model_spec.signature_name = "classify_x_to_y"
    request.input.example_list.examples.add().CopyFrom(example)
    classify.classify_log.request.CopyFrom(request)
    request = regression_pb2.RegressionRequest()
    request.model_spec.signature_name = "regress_x_to_y"
    request.input.example_list.examples.add().CopyFrom(example)
    regress.regress_log.request.CopyFrom(request)
    request = inference_pb2.MultiInferenceRequest()
    request.input.example_list.examples.add().CopyFrom(example)
    task = request.tasks.add(method_name="tensorflow/serving/regress")
    task.model_spec.signature_name = "regress_x_to_y"
    multi.multi_inference_log.request.CopyFrom(request)
    return [predict, classify, regress, multi]


def test_warmup_requests_of_every_kind_are_replayed_at_load(
    tmp_path: Path, staged: dict[int, Path]
):
    push(staged[1], tmp_path, 1)
    write_warmup(tmp_path / "1", *warmup_logs())
    with serve(tmp_path, metrics_path="/metrics") as running:
        page = httpx.get(f"{running.url}/metrics").text
        name = ":tensorflow:serving:model_warmup_records_read"
        assert f'{name}{{model_path="{tmp_path}/1",status="OK"}} 4' in page


@pytest.mark.parametrize("spoil", ["a request it can't answer", "no record", "too many"])
def test_version_that_can_not_answer_its_warmup_is_not_served(
    base: Path, staged: dict[int, Path], spoil: str
):
    logs = warmup_logs()
    if spoil == "a request it can't answer":
        logs[0].predict_log.request.model_spec.signature_name = "unheard_of"
    shutil.copytree(staged[2], base / ".tmp-2")
    write_warmup(base / ".tmp-2", *(logs[:1] * 1001 if spoil == "too many" else logs))
    if spoil == "no record":
        (base / ".tmp-2" / WARMUP).write_bytes(b"no record at all")
    with serve(base) as running:
        (base / ".tmp-2").rename(base / "2")
        wait_until(lambda: states(running).get("2") == "END")
        assert answer(running) == 10.0
