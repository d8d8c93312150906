"""Models are swapped while clients keep asking."""

import shutil
import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import httpx

from serving.client.grpc import GrpcClient
from serving.client.rest import RestClient
from support.serving.process import ServeProcess
from support.toy_models import save_half_plus_two
from support.waiting import wait_until

NUM_CLIENTS = 16
NUM_SWAPS = 10


class Caller(threading.Thread):
    """Asks without pause, and notes which version each answer came from."""

    def __init__(self, client: Any, stop: threading.Event) -> None:
        super().__init__()
        self.versions: list[int] = []
        self.failures: list[str] = []
        self._client = client
        self._stop_asking = stop

    def run(self) -> None:
        while not self._stop_asking.is_set():
            try:
                prediction = self._client.predict({"x": [0.0, 2.0]})
            except Exception as error:  # noqa: BLE001 - every failure counts
                self.failures.append(repr(error))
                continue
            first, second = prediction.outputs["y"].tolist()
            version = round(first / 10)
            whole = second == first + 1 and prediction.version in (None, version)
            if whole:
                self.versions.append(version)
            else:
                self.failures.append(repr(prediction))


def is_served(url: str, version: int) -> bool:
    """Whether this version answers and the one before it has ended."""
    reply = httpx.get(f"{url}/v1/models/m").json()["model_version_status"]
    states = {int(entry["version"]): entry["state"] for entry in reply}
    return states.get(version) == "AVAILABLE" and states[version - 1] == "END"


def test_ten_swaps_under_load_fail_no_request_and_mix_no_versions(
    serve_process: Callable[..., ServeProcess], tmp_path: Path
):
    base = tmp_path / "m"
    save_half_plus_two(base / "1", addend=10.0)
    server = serve_process("--model_name=m", f"--model_base_path={base}")
    stop = threading.Event()
    callers = [
        Caller(
            GrpcClient(server.grpc_address, "m") if number % 2 else RestClient(server.url, "m"),
            stop,
        )
        for number in range(NUM_CLIENTS)
    ]
    for caller in callers:
        caller.start()
    try:
        for version in range(2, NUM_SWAPS + 2):
            staged = save_half_plus_two(base / f".tmp-{version}", addend=10.0 * version)
            staged.rename(base / str(version))
            wait_until(partial(is_served, server.url, version), f"version {version} to be served")
            shutil.rmtree(base / str(version - 1))
        # On a busy machine some caller still waits for what it asked the version before.
        wait_until(
            lambda: all(caller.failures or version in caller.versions for caller in callers),
            "all callers to be answered by the last version",
        )
    finally:
        stop.set()
        for caller in callers:
            caller.join()
    assert [failure for caller in callers for failure in caller.failures] == []
    for caller in callers:
        assert caller.versions == sorted(caller.versions)
        assert caller.versions[-1] == NUM_SWAPS + 1
    assert {version for caller in callers for version in caller.versions} == set(
        range(1, NUM_SWAPS + 2)
    )
    assert server.stop() == 0
