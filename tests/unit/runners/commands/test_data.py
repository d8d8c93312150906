"""`tfx-mnist data` fetches and verifies, or says why it cannot."""

import gzip
import struct
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


@pytest.fixture
def folder(tmp_path: Path, mnist_idx_folder: Callable[..., Path]) -> Path:
    return mnist_idx_folder(tmp_path / "in", num_train=200, num_test=100)


def test_check_tells_the_rows_of_a_folder_that_a_run_takes(folder: Path):
    answer = CliRunner().invoke(data, ["check", str(folder)])

    assert answer.exit_code == 0, answer.output
    assert answer.output == (
        f"{folder}/train-images-idx3-ubyte.gz: 200 rows\n"
        f"{folder}/t10k-images-idx3-ubyte.gz: 100 rows\n"
    )


def test_check_looks_at_the_configured_folder_if_none_is_named(folder: Path):
    answer = CliRunner().invoke(data, ["check", f"--set=data_root={folder}"])

    assert f"{folder}/train-images-idx3-ubyte.gz: 200 rows" in answer.output


def test_check_names_classes_without_rows(folder: Path):
    answer = CliRunner().invoke(data, ["check", str(folder), "--set=data.num_classes=11"])
    assert answer.exit_code == 1
    assert "no rows of 10" in answer.output

    (folder / "t10k-labels-idx1-ubyte.gz").write_bytes(
        gzip.compress(struct.pack(">II", 0x801, 100) + bytes(100))
    )
    answer = CliRunner().invoke(data, ["check", str(folder)])

    assert answer.exit_code == 1
    assert "t10k-labels-idx1-ubyte.gz: no rows of 1, 2, 3, 4, 5, 6, 7, 8, 9" in answer.output
    assert "name them in thresholds.unmeasured_classes" in answer.output


def test_check_names_classes_without_rows_by_their_names(folder: Path, tmp_path: Path):
    names = tmp_path / "names.txt"
    names.write_text("\n".join(f"digit {number}" for number in range(11)))

    answer = CliRunner().invoke(
        data, ["check", str(folder), f"--set=data.class_names_path={names}"]
    )

    assert "no rows of 10 (digit 10)\n" in answer.output


def test_check_fails_with_what_is_wrong(folder: Path):
    (folder / "t10k-images-idx3-ubyte.gz").unlink()

    answer = CliRunner().invoke(data, ["check", str(folder)])

    assert answer.exit_code == 1
    assert "missing t10k-images-idx3-ubyte" in answer.output


def test_check_is_for_folders_on_this_machine():
    answer = CliRunner().invoke(data, ["check", "--set=data_root=gs://bucket/data"])

    assert answer.exit_code == 2
    assert "expected a folder on this machine, received gs://bucket/data" in answer.output


def test_the_commands_fail_with_exit_code_1_and_the_reason(tmp_path: Path):
    answer = CliRunner().invoke(data, ["verify", str(tmp_path)])

    assert answer.exit_code == 1
    assert f"Error: {tmp_path}/SHA256SUMS: expected a file of checksums" in answer.output
