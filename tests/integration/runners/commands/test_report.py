"""`tfx-mnist report` where there is nothing to make a report of."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from runners.commands.report import report
from support.free_ports import find_free_addresses


@pytest.fixture
def runner(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> CliRunner:
    monkeypatch.chdir(tmp_path)
    return CliRunner()


def test_a_database_that_is_not_there_is_one_error_with_its_path(runner: CliRunner, tmp_path: Path):
    answer = runner.invoke(report, [f"--mlmd=sqlite://{tmp_path}/none.db"])

    assert answer.exit_code == 1
    assert f"{tmp_path}/none.db: expected the metadata of pipeline tfx-mnist" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_a_server_that_does_not_answer_is_one_error_with_its_address(
    runner: CliRunner, tmp_path: Path
):
    [address] = find_free_addresses(1)

    answer = runner.invoke(report, [f"--mlmd=postgresql://mlmd@{address}/mlmd"])

    assert answer.exit_code == 1
    assert f"{address}/mlmd: cannot be read as ML Metadata" in answer.stderr
    assert list(tmp_path.iterdir()) == []


def test_before_the_first_run_it_says_what_to_do(runner: CliRunner):
    answer = runner.invoke(report, [])

    assert answer.exit_code == 1
    assert "Run the pipeline (tfx-mnist run)" in answer.stderr
