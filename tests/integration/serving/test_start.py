"""What clients and probes see while a server starts, waits and is told to serve something else."""

import asyncio
import threading
from pathlib import Path
from typing import Any

import grpc
import httpx
import pytest
from tensorflow_serving.apis import model_management_pb2, model_service_pb2_grpc

from serving.errors import ServingError
from serving.models.config import ModelConfig
from serving.models.manager_options import ManagerOptions
from serving.options import ServerOptions
from serving.server import Server
from support.serving.threads import RunningServer, running_server
from support.toy_models import save_half_plus_two
from support.waiting import DEADLINE_SECONDS, wait_until

TOKEN = "secret"  # noqa: S105 - of a test
QUICK: dict[str, Any] = {"file_system_poll_wait_seconds": 0.05}
NO_RETRIES: dict[str, Any] = {"manager": ManagerOptions(max_num_load_retries=0)}


def get(running: RunningServer, path: str, token: str = "") -> tuple[int, str]:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    reply = httpx.get(f"{running.url}{path}", headers=headers, timeout=DEADLINE_SECONDS)
    return reply.status_code, reply.text


def push(base: Path) -> None:
    """Puts a version there in one step, as a push does."""
    staged = base.parent / f".staged-{base.name}"
    save_half_plus_two(staged)
    base.mkdir(exist_ok=True)
    staged.rename(base / "1")


def config(name: str, base: Path) -> ModelConfig:
    return ModelConfig(name=name, base_path=str(base))


def begin_reload(running: RunningServer, *models: ModelConfig) -> grpc.Future:
    request = model_management_pb2.ReloadConfigRequest()
    request.config.model_config_list.SetInParent()
    for model in models:
        request.config.model_config_list.config.add(
            name=model.name, base_path=model.base_path, model_platform="tensorflow"
        )
    stub = model_service_pb2_grpc.ModelServiceStub(grpc.insecure_channel(running.grpc_address))
    return stub.HandleReloadConfigRequest.future(request, timeout=DEADLINE_SECONDS)


def reload(running: RunningServer, *models: ModelConfig) -> None:
    begin_reload(running, *models).result()


def test_a_server_lives_at_once_and_is_ready_with_its_first_version(tmp_path: Path):
    with running_server(
        models=[config("m", tmp_path / "m")], until_ready=False, bearer_token=TOKEN, **QUICK
    ) as running:
        assert get(running, "/healthz") == (200, "ok\n")
        assert get(running, "/readyz") == (503, "not ready for 1 reasons\n")
        assert get(running, "/readyz", TOKEN) == (503, "model m has no version yet\n")
        assert httpx.post(f"{running.url}/readyz").status_code == 405
        assert not running.server.is_ready()

        push(tmp_path / "m")

        wait_until(lambda: get(running, "/readyz") == (200, "ok\n"))
        assert running.server.is_ready()


def test_a_server_that_is_to_listen_when_ready_has_its_versions_by_then(tmp_path: Path):
    server = Server(
        ServerOptions(
            models=[config("m", tmp_path / "m")],
            rest_api_port=0,
            port=0,
            listen_when_ready=True,
            **QUICK,
        )
    )
    thread = threading.Thread(target=lambda: _run(server), daemon=True)
    thread.start()
    wait_until(lambda: server.manager.find_unavailable() == ["m"])
    assert server.rest_port is None

    push(tmp_path / "m")

    assert server.wait_until_ready(DEADLINE_SECONDS)
    assert httpx.get(f"http://127.0.0.1:{server.rest_port}/readyz").status_code == 200
    server.stop()
    thread.join(DEADLINE_SECONDS)
    assert not thread.is_alive()


def _run(server: Server) -> None:
    asyncio.run(server.run())


@pytest.mark.parametrize("listen_when_ready", [False, True])
def test_a_model_that_never_loads_ends_the_server_when_all_tries_are_over(
    tmp_path: Path,
    listen_when_ready: bool,  # noqa: FBT001 - a parameter of the test
):
    (tmp_path / "1").mkdir()
    retries = ManagerOptions(max_num_load_retries=2, load_retry_interval_seconds=0.01)
    with (
        pytest.raises(ServingError, match=r"did not become available: .*name: m version: 1"),
        running_server(
            models=[config("m", tmp_path)],
            manager=retries,
            file_system_poll_wait_seconds=0,
            listen_when_ready=listen_when_ready,
        ),
    ):
        pytest.fail("it is ready")


def test_an_empty_server_is_ready_and_a_reload_returns_when_its_model_answers(tmp_path: Path):
    save_half_plus_two(tmp_path / "1")
    with running_server(
        models=[], allow_reload_of_new_paths=True, file_system_poll_wait_seconds=0
    ) as running:
        assert get(running, "/readyz")[0] == 200

        reload(running, config("m", tmp_path))

        url = f"{running.url}/v1/models/m:predict"
        reply = httpx.post(url, json={"instances": [1.0, 2.0]}, timeout=DEADLINE_SECONDS)
        assert reply.status_code == 200, reply.text


def test_a_reload_waits_for_a_first_version_until_its_client_gives_up(tmp_path: Path):
    save_half_plus_two(tmp_path / "there" / "1")
    with running_server(models=[], allow_reload_of_new_paths=True, **QUICK) as running:
        waiting = begin_reload(running, config("later", tmp_path / "later"))
        wait_until(lambda: running.server.manager.model_names == ["later"])
        assert not waiting.done()
        waiting.cancel()

        reload(running, config("m", tmp_path / "there"))

        assert running.server.manager.model_names == ["m"]


def test_a_reload_of_what_does_not_load_is_an_error_and_the_server_stays(tmp_path: Path):
    save_half_plus_two(tmp_path / "good" / "1")
    (tmp_path / "bad" / "1").mkdir(parents=True)
    good, bad = config("good", tmp_path / "good"), config("bad", tmp_path / "bad")
    with running_server(
        models=[good], allow_reload_of_new_paths=True, **QUICK, **NO_RETRIES
    ) as running:
        with pytest.raises(grpc.RpcError, match=r"1 model\(s\) did not become available"):
            reload(running, good, bad)
        assert get(running, "/readyz") == (503, "model bad has no version yet\n")

        reload(running, good)

        assert get(running, "/readyz")[0] == 200


def test_a_file_that_becomes_empty_unloads_nothing_but_an_empty_list_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    save_half_plus_two(tmp_path / "m" / "1")
    file = tmp_path / "models.config"
    file.write_text("")
    with running_server(
        models=[],
        model_config_file=file,
        model_config_file_poll_wait_seconds=0.05,
        **QUICK,
    ) as running:
        manager = running.server.manager
        entry = f'name: "m" base_path: "{tmp_path / "m"}" model_platform: "tensorflow"'
        file.write_text(f"model_config_list {{ config {{ {entry} }} }}")
        wait_until(lambda: manager.model_names == ["m"] and not manager.find_unavailable())
        label = 'version_labels { key: "canary-eu" value: 1 }'
        file.write_text("")
        wait_until(lambda: "Cannot transition to requested config" in caplog.text)
        assert get(running, "/v1/models/m")[0] == 200
        file.write_text(f"model_config_list {{ config {{ {entry} {label} }} }}")
        url = f"{running.url}/v1/models/m/labels/canary%2Deu:predict"
        wait_until(lambda: httpx.post(url, json={"instances": [1.0]}).status_code == 200)
        file.write_text("model_config_list {}")
        wait_until(lambda: manager.model_names == [])
