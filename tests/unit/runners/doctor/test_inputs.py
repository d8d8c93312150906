"""What the doctor says of the contract and of the data."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from pipeline.config import PipelineConfig
from runners.doctor.finding import Severity
from runners.doctor.inputs import check_contract, check_data
from support.project import PROJECT

CONTRACT = str(PROJECT / "data" / "schema" / "schema.pbtxt")


def _config(data_root: Path | str, schema_path: str = CONTRACT) -> PipelineConfig:
    return PipelineConfig(data_root=str(data_root), schema_path=schema_path)


def test_what_is_remote_is_not_looked_at():
    config = _config("gs://bucket/data", "gs://bucket/schema.pbtxt")

    assert "not looked at" in check_data(config).found
    assert "not looked at" in check_contract(config).found


def test_images_of_another_size_are_found(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    write_idx: Callable[[Path, np.ndarray], Path],
):
    folder = random_idx_folder(tmp_path / "idx")
    write_idx(folder / "t10k-images-idx3-ubyte", np.zeros((20, 32, 32), np.uint8))

    finding = check_data(_config(folder))

    assert finding.severity is Severity.FIX
    assert "expected images of 28x28 pixels, received 32x32" in finding.found


def test_the_contract_of_the_project_is_one():
    finding = check_contract(_config("/nowhere"))

    assert finding.severity is Severity.OK
    assert "10 classes" in finding.found


@pytest.mark.parametrize(
    ("content", "expected"),
    [(None, "the data contract is missing"), ("feature {", "expected a schema in protobuf text")],
)
def test_a_contract_that_is_none_must_be_repaired(
    content: str | None, expected: str, tmp_path: Path
):
    path = tmp_path / "schema.pbtxt"
    if content is not None:
        path.write_text(content)

    finding = check_contract(_config("/nowhere", str(path)))

    assert finding.severity is Severity.FIX
    assert f"{path}: {expected}" in finding.found


def test_missing_data_names_the_folder_and_how_to_get_them(tmp_path: Path):
    finding = check_data(_config(tmp_path / "nothing"))

    assert finding.severity is Severity.FIX
    assert "expected a folder with the four files of an IDX data set" in finding.found
    assert "tfx-mnist data fetch" in finding.found


def test_data_without_checksums_are_noted(tmp_path: Path, random_idx_folder: Callable[..., Path]):
    folder = random_idx_folder(tmp_path / "idx")

    assert check_data(_config(folder)).severity is Severity.NOTE


def test_damaged_data_must_be_repaired(tmp_path: Path, random_idx_folder: Callable[..., Path]):
    folder = random_idx_folder(tmp_path / "idx")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  train-images-idx3-ubyte\n")

    finding = check_data(_config(folder))

    assert finding.severity is Severity.FIX
    assert "SHA-256" in finding.found


def test_the_data_of_the_project_are_intact():
    assert check_data(_config(PROJECT / "data" / "mnist")).severity is Severity.OK
