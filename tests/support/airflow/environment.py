"""The real Airflow, in its own environment: its command line, and a standalone with its API."""

import contextlib
import json
import os
import re
import signal
import subprocess
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.free_ports import find_free_ports
from support.project import PROJECT
from support.waiting import DEADLINE_SECONDS, wait_until

AIRFLOW_VENV = Path(os.environ.get("AIRFLOW_VENV", PROJECT / ".venv-airflow"))
AIRFLOW_PYTHON = AIRFLOW_VENV / "bin" / "python"
NO_AIRFLOW = f"needs Airflow's environment in {AIRFLOW_VENV}: make {AIRFLOW_VENV.name}/.airflow"
STANDALONE = PROJECT / "deploy" / "airflow" / "standalone.py"
_ENDED = ("success", "failed")


def run_airflow(*arguments: str, home: Path, dags: Path) -> subprocess.CompletedProcess[str]:
    """Runs Airflow's command line on SQLite."""
    return subprocess.run(
        [str(AIRFLOW_VENV / "bin" / "airflow"), *arguments],
        env=os.environ
        | {
            "AIRFLOW_HOME": str(home),
            "AIRFLOW__CORE__DAGS_FOLDER": str(dags),
            "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        },
        check=False,
        capture_output=True,
        text=True,
    )


@dataclass(frozen=True)
class Airflow:
    """A running Airflow."""

    url: str
    token: str
    dag_id: str

    def call(self, path: str, body: Mapping[str, Any] | None = None) -> Any:
        """Calls the API: GET, or POST where there is a body."""
        return _call(f"{self.url}/api/v2{path}", body, {"Authorization": f"Bearer {self.token}"})

    def wait_for_dag(self) -> None:
        path = f"/dags/{self.dag_id}"
        _wait(lambda: self.call(path)["dag_id"] == self.dag_id, f"{self.dag_id} to be parsed")

    def trigger(self, run_id: str, **conf: Any) -> None:
        """Starts a run; `training__epochs` is the parameter `training.epochs`."""
        conf = {name.replace("__", "."): value for name, value in conf.items()}
        body = {"dag_run_id": run_id, "logical_date": None, "conf": conf}
        self.call(f"/dags/{self.dag_id}/dagRuns", body)

    def wait_for_run(self, run_id: str) -> str:
        """Returns the state in which the run ended."""
        path = f"/dags/{self.dag_id}/dagRuns/{run_id}"
        _wait(lambda: self.call(path)["state"] in _ENDED, f"run {run_id} to end")
        return str(self.call(path)["state"])

    def task_states(self, run_id: str) -> dict[str, str]:
        answer = self.call(f"/dags/{self.dag_id}/dagRuns/{run_id}/taskInstances")
        return {task["task_id"]: task["state"] for task in answer["task_instances"]}

    def read_log(self, run_id: str, task_id: str, attempt: int) -> list[str]:
        path = f"/dags/{self.dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{attempt}"
        return [str(line.get("event", line)) for line in self.call(path)["content"]]

    def clear(self, run_id: str, task_ids: list[str] | None = None) -> None:
        """Clears tasks of a run, as the user interface does; all failed ones if none are named."""
        chosen = {"task_ids": task_ids} if task_ids else {"only_failed": True}
        body = {"dry_run": False, "dag_run_id": run_id, "reset_dag_runs": True, **chosen}
        if task_ids:
            body["only_failed"] = False
        self.call(f"/dags/{self.dag_id}/clearTaskInstances", body)


@contextlib.contextmanager
def run_standalone(home: Path, dag_id: str, environ: Mapping[str, str]) -> Iterator[Airflow]:
    """Runs what `make airflow` runs, and logs in with what it prints."""
    [port] = find_free_ports(1)
    process = subprocess.Popen(
        [str(AIRFLOW_PYTHON), str(STANDALONE), "--home", str(home), "--port", str(port)],
        env=os.environ | environ,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        said = ""
        for line in process.stdout:
            said += line
            if login := re.search(r"user (\w+), password (\S+);", line):
                break
        else:
            raise AssertionError(f"no login in: {said}")
        url = f"http://127.0.0.1:{port}"
        assert f"Airflow is at {url}" in said
        user, password = login.groups()
        token = _call(f"{url}/auth/token", {"username": user, "password": password}, {})
        airflow = Airflow(url, token["access_token"], dag_id)
        airflow.wait_for_dag()
        yield airflow
    finally:
        process.send_signal(signal.SIGTERM)
        process.communicate(timeout=DEADLINE_SECONDS)


def _call(url: str, body: Mapping[str, Any] | None, headers: Mapping[str, str]) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {**headers, "Content-Type": "application/json", "Accept": "application/json"}
    with urllib.request.urlopen(urllib.request.Request(url, data, headers), timeout=60) as answer:  # noqa: S310 - loopback
        return json.load(answer)


def _wait(is_done: Callable[[], bool], what: str) -> None:
    def holds() -> bool:
        # A busy server may stall or refuse for once; what is not there yet is an error, too.
        with contextlib.suppress(OSError):
            return is_done()
        return False

    wait_until(holds, what, pause_seconds=0.5)
