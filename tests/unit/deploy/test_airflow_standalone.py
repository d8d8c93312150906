"""The settings of `make airflow`, beside those that somebody has for another Airflow."""

import runpy
from pathlib import Path

import pytest

from support.project import PROJECT

STANDALONE = PROJECT / "deploy" / "airflow" / "standalone.py"


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> dict[str, str]:
    """What it makes of an environment with other settings."""
    for name in ("AIRFLOW_HOME", "AIRFLOW__CORE__DAGS_FOLDER"):
        monkeypatch.setenv(name, "/home/me/airflow")
    monkeypatch.setenv("AIRFLOW__API__HOST", "0.0.0.0")  # noqa: S104 - what is not to be
    monkeypatch.setenv("AIRFLOW__API__PORT", "80")
    monkeypatch.setenv("AIRFLOW__API__BASE_URL", "https://airflow.example.com")
    url = "https://airflow.example.com/execution/"
    monkeypatch.setenv("AIRFLOW__CORE__EXECUTION_API_SERVER_URL", url)
    monkeypatch.setenv("AIRFLOW__CORE__PARALLELISM", "16")
    return runpy.run_path(str(STANDALONE))["make_environment"](tmp_path, 9090)


def test_where_it_lives_and_listens_is_its_own(environment: dict[str, str], tmp_path: Path):
    assert environment["AIRFLOW_HOME"] == str(tmp_path)
    assert environment["AIRFLOW__CORE__DAGS_FOLDER"] == str(tmp_path / "dags")
    assert environment["AIRFLOW__API__HOST"] == "127.0.0.1"
    assert environment["AIRFLOW__API__PORT"] == "9090"
    assert environment["AIRFLOW__API__BASE_URL"] == "http://127.0.0.1:9090"
    assert environment["AIRFLOW__CORE__EXECUTION_API_SERVER_URL"] == (
        "http://127.0.0.1:9090/execution/"
    )


def test_other_settings_of_the_caller_stay(environment: dict[str, str]):
    assert environment["AIRFLOW__CORE__PARALLELISM"] == "16"
