"""`tfx-mnist data` fetches and verifies, or says why it cannot."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from runners.commands.data import data
from runners.datasets.public import PUBLIC_DATASETS, PublicDataset


def test_the_command_fetches_from_the_mirror_it_is_given(
    tmp_path: Path,
    server: str,
    dataset: Callable[..., PublicDataset],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(PUBLIC_DATASETS, "kmnist", dataset())
    arguments = ["fetch", "--name", "kmnist", "--folder", str(tmp_path / "in")]

    answer = CliRunner().invoke(data, [*arguments, "--mirror", f"{server}/good"])

    assert answer.exit_code == 0
    assert f"{tmp_path}/in: kmnist, verified; licence none." in answer.output
    assert CliRunner().invoke(data, ["verify", str(tmp_path / "in")]).exit_code == 0


@pytest.mark.parametrize(
    ("name", "own_pipeline"), [("mnist", ""), ("kmnist", "--set pipeline_name=kmnist ")]
)
def test_what_to_do_next_gives_another_data_set_a_pipeline_of_its_own(
    name: str,
    own_pipeline: str,
    tmp_path: Path,
    server: str,
    dataset: Callable[..., PublicDataset],
    monkeypatch: pytest.MonkeyPatch,
):
    monkeypatch.setitem(PUBLIC_DATASETS, name, dataset())
    arguments = ["fetch", "--name", name, "--folder", str(tmp_path), "--mirror", f"{server}/good"]

    answer = CliRunner().invoke(data, arguments)

    assert f"Next: tfx-mnist run {own_pipeline}--set data_root={tmp_path}\n" in answer.output


def test_the_commands_fail_with_exit_code_1_and_the_reason(tmp_path: Path):
    answer = CliRunner().invoke(data, ["verify", str(tmp_path)])

    assert answer.exit_code == 1
    assert f"Error: {tmp_path}/SHA256SUMS: expected a file of checksums" in answer.output
