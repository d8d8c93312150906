"""Flags that say which graph is loaded, how calls are joined, and how many run at a time."""

import os
from pathlib import Path
from typing import Any

import grpc
import pytest
import tensorflow as tf
from tensorflow_serving.apis import model_management_pb2

from serving.config_files import BatchingParameters
from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from support.serving.fixtures import Connection, connect
from support.serving.stock_models.fixtures import make_predict_request, read_outputs, stock_server
from support.serving.stock_models.half_plus import save_half_plus_two
from support.serving.stock_models.saving import v1
from support.serving.threads import RunningServer, running_server
from support.waiting import DEADLINE_SECONDS, wait_until

SHORT_SECONDS = 0.3


def save_tagged(folder: Path) -> Path:
    """Writes a model of two graphs, which say what they are for, and returns its folder."""
    builder = v1.saved_model.Builder(str(folder))
    for tags in (["serve"], ["serve", "gpu"]):
        with tf.Graph().as_default(), v1.Session() as session:
            x = v1.placeholder(tf.string, name="x")
            y = tf.strings.join([x, " by ", "+".join(tags)])
            signature = v1.saved_model.predict_signature_def({"x": x}, {"y": y})
            signatures = {"serving_default": signature}
            if tags == ["serve"]:
                builder.add_meta_graph_and_variables(session, tags, signatures)
            else:
                builder.add_meta_graph(tags, signatures)
    builder.save()
    return folder


@pytest.mark.parametrize(
    ("tags", "answer"),
    [
        (("serve",), b"served by serve"),
        (("serve", "gpu"), b"served by serve+gpu"),
        (("gpu", "serve"), b"served by serve+gpu"),
    ],
)
def test_tags_choose_the_graph(tmp_path: Path, tags: tuple[str, ...], answer: bytes):
    save_tagged(tmp_path / "1")
    models = [ModelConfig(name="m", base_path=str(tmp_path))]
    with stock_server(models, saved_model_tags=tags) as connection:
        reply = connection.predictions.Predict(make_predict_request("m", x="served"))
        assert read_outputs(reply) == {"y": answer}


def test_tags_that_no_graph_has_are_named(tmp_path: Path):
    save_tagged(tmp_path / "1")
    models = [ModelConfig(name="m", base_path=str(tmp_path))]
    with (
        pytest.raises(
            ServingError, match=r"Could not find meta graph def matching supplied tags: \{ tpu \}"
        ),
        stock_server(models, saved_model_tags=("tpu",)),
    ):
        pytest.fail("it is ready")


@pytest.fixture
def two_models(tmp_path: Path) -> list[ModelConfig]:
    """Returns a model that says how to join its requests, and one that says nothing."""
    for name in ("joined", "alone"):
        save_half_plus_two(tmp_path / name / "1")
    parameters = "max_batch_size { value: 2 } batch_timeout_micros { value: 1 }"
    (tmp_path / "joined" / "1" / "batching_params.pbtxt").write_text(parameters)
    return [ModelConfig(name=name, base_path=str(tmp_path / name)) for name in ("joined", "alone")]


@pytest.mark.parametrize(
    ("is_per_model", "refusing", "batches"),
    [(True, ["joined"], 1), (False, [], 4)],
    ids=["per model", "all alike"],
)
def test_requests_are_joined_as_a_file_beside_the_model_says_if_it_is_asked_for(
    two_models: list[ModelConfig],
    is_per_model: bool,  # noqa: FBT001 - a parameter of the test
    refusing: list[str],
    batches: int,
):
    with stock_server(
        two_models,
        batching=BatchingParameters(max_batch_size=3),
        enable_per_model_batching_parameters=is_per_model,
    ) as connection:
        rows = {model.name: [[2.0]] * 3 for model in two_models}
        replies = {
            name: connection.post(f"{name}:predict", {"instances": instances})
            for name, instances in rows.items()
        }
        assert [name for name, reply in replies.items() if reply.status_code == 400] == refusing
        for name in refusing:
            assert "larger than maximum input batch size 2" in replies[name].text
        for name in rows:
            reply = connection.post(f"{name}:predict", {"instances": [[2.0]]})
            assert reply.json() == {"predictions": [[3.0]]}
        assert connection.running.server.metrics.wrapped_run_count.value() == batches


def test_file_beside_a_model_that_is_no_good_is_named(two_models: list[ModelConfig]):
    file = Path(two_models[0].base_path, "1", "batching_params.pbtxt")
    file.write_text("max_batch_size: many")
    with (
        pytest.raises(ServingError, match=rf"{file}: Error parsing text-format"),
        stock_server(
            two_models, batching=BatchingParameters(), enable_per_model_batching_parameters=True
        ),
    ):
        pytest.fail("it is ready")


@pytest.mark.parametrize(
    "options",
    [
        {"tensorflow_intra_op_parallelism": 1},
        {"tensorflow_inter_op_parallelism": 2},
        {"tensorflow_intra_op_parallelism": 3, "tensorflow_inter_op_parallelism": 3},
    ],
    ids=["intra", "inter", "session"],
)
def test_threads_of_tensorflow_change_no_answer(
    stock_models: list[ModelConfig], options: dict[str, int]
):
    with stock_server(stock_models, "half_plus_two", "columns", **options) as connection:
        reply = connection.predictions.Predict(make_predict_request("half_plus_two", x=[2.0]))
        assert read_outputs(reply) == {"y": [3.0]}
        response = connection.post("columns:predict", {"signature_name": "greet", "inputs": "you"})
        assert response.json() == {"outputs": "hello you"}


def ask(
    connection: Connection, model: str, signature: str, timeout: float, **inputs: object
) -> dict[str, Any]:
    request = make_predict_request(model, signature, **inputs)
    return read_outputs(connection.predictions.Predict(request, timeout=timeout))


@pytest.mark.parametrize(
    ("threads", "is_answered"),
    [
        ({"rest_api_num_threads": 1}, False),
        ({"grpc_max_threads": 1}, False),
        ({"rest_api_num_threads": 1, "grpc_max_threads": 2}, True),
        ({"rest_api_num_threads": 2, "grpc_max_threads": 1}, True),
    ],
    ids=["REST 1", "gRPC 1", "gRPC 2", "REST 2"],
)
def test_as_many_calls_of_a_model_run_at_a_time_as_the_larger_number_of_threads(
    stock_models: list[ModelConfig],
    threads: dict[str, int],
    is_answered: bool,  # noqa: FBT001 - a parameter of the test
):
    with stock_server(stock_models, "endless", "half_plus_two", **threads) as connection:
        endless = make_predict_request("endless", start=tf.constant([0], tf.int64))
        call = connection.predictions.Predict.future(endless)
        counts = connection.running.server.metrics.example_count_total
        wait_until(lambda: counts.value() == 1, "the call to begin")
        start = tf.constant([0], tf.int64)
        if is_answered:
            reply = ask(connection, "endless", "quick", DEADLINE_SECONDS, start=start)
            assert reply == {"next": [1]}
        else:
            with pytest.raises(grpc.RpcError) as error:
                ask(connection, "endless", "quick", SHORT_SECONDS, start=start)
            assert error.value.code() is grpc.StatusCode.DEADLINE_EXCEEDED
        # Another model has places of its own.
        assert ask(connection, "half_plus_two", "", DEADLINE_SECONDS, x=[2.0]) == {"y": [3.0]}
        call.cancel()
        reply = ask(connection, "endless", "quick", DEADLINE_SECONDS, start=start)
        assert reply == {"next": [1]}


def read_states(running: RunningServer, model: str) -> dict[int, str]:
    statuses = running.server.manager.read_status(model)
    return {status.version: status.state.name for status in statuses}


@pytest.mark.parametrize("num_threads", [0, 1, 2])
def test_model_that_is_slow_to_read_holds_up_the_others_unless_several_are_loaded_at_a_time(
    tmp_path: Path, num_threads: int
):
    for folder in ("slow/1", "m/1", "m/.2"):
        save_half_plus_two(tmp_path / folder)
    models = [ModelConfig(name=name, base_path=str(tmp_path / name)) for name in ("slow", "m")]
    options = ManagerOptions(num_load_threads=num_threads, max_num_load_retries=0)
    with running_server(models=models, manager=options, file_system_poll_wait_seconds=0) as running:
        slow = tmp_path / "slow" / "2" / "saved_model.pb"
        slow.parent.mkdir()
        os.mkfifo(slow)
        (tmp_path / "m" / ".2").rename(tmp_path / "m" / "2")
        look = look_again(running, models)
        wait_until(lambda: read_states(running, "slow").get(2) == "LOADING")
        if num_threads > 1:
            wait_until(lambda: read_states(running, "m")[2] == "AVAILABLE")
        else:
            assert read_states(running, "m") == {1: "AVAILABLE", 2: "START"}
        slow.write_bytes(b"")  # ends the reading
        look.result(DEADLINE_SECONDS)
        assert read_states(running, "slow") == {1: "AVAILABLE", 2: "END"}
        assert read_states(running, "m")[2] == "AVAILABLE"


def look_again(running: RunningServer, models: list[ModelConfig]) -> grpc.Future:
    """Has the server look for versions once more; the future ends when it has loaded them."""
    request = model_management_pb2.ReloadConfigRequest()
    for model in models:
        request.config.model_config_list.config.add(
            name=model.name, base_path=model.base_path, model_platform="tensorflow"
        )
    return connect(running).models.HandleReloadConfigRequest.future(request)
