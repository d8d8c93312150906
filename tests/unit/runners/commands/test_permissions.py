"""Files and folders that are not for this user: one error with the place and what to do."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.disks.permissions import bound_to_permissions
from support.programs import TFX_MNIST
from support.project import PROJECT

Lock = Callable[..., Path]


@pytest.fixture
def lock() -> Iterator[Lock]:
    """Returns a function that takes permissions from a path, for the time of the test."""
    locked: list[tuple[Path, int]] = []

    def take(path: Path, mode: int = 0o000) -> Path:
        locked.append((path, path.stat().st_mode))
        path.chmod(mode)
        return path

    yield take
    for path, mode in reversed(locked):
        path.chmod(mode)


@pytest.fixture
def folder(tmp_path: Path, random_idx_folder: Callable[..., Path]) -> Path:
    """A folder with data, checksums, a contract and a configuration."""
    data = random_idx_folder(tmp_path / "data", compress=True)
    lines = [f"{'0' * 64}  {path.stem}\n" for path in sorted(data.iterdir())]
    (data / "SHA256SUMS").write_text("".join(lines))
    contract = (PROJECT / "data" / "schema" / "schema.pbtxt").read_text()
    (tmp_path / "schema.pbtxt").write_text(contract)
    (tmp_path / "settings.yaml").write_text("training: {epochs: 1}\n")
    (tmp_path / "private").mkdir()
    return tmp_path


def _call(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*bound_to_permissions(), sys.executable, "-c", TFX_MNIST, *arguments],
        check=False,
        capture_output=True,
        text=True,
    )


def _run(folder: Path, *options: str) -> subprocess.CompletedProcess[str]:
    places = {
        "pipeline_root": "runs",
        "serving_model_dir": "served",
        "data_root": "data",
        "schema_path": "schema.pbtxt",
    }
    return _call("run", *(f"--set={key}={folder / name}" for key, name in places.items()), *options)


def _is_one_error(answer: subprocess.CompletedProcess[str], *parts: str | Path) -> None:
    said = " ".join((answer.stdout + answer.stderr).split())
    for part in parts:
        assert str(part) in said
    assert answer.returncode in {1, 2}
    assert "Traceback" not in said
    assert "Errno" not in said


@pytest.mark.parametrize(
    ("name", "mode", "key"),
    [
        ("data", 0o000, "data_root"),
        ("data/train-images-idx3-ubyte.gz", 0o000, "data_root"),
        ("data/t10k-labels-idx1-ubyte.gz", 0o000, "data_root"),
        ("schema.pbtxt", 0o000, "schema_path"),
    ],
)
def test_inputs_of_a_run(name: str, mode: int, key: str, folder: Path, lock: Lock):
    path = lock(folder / name, mode)

    _is_one_error(_run(folder), "FAILED in inputs", path, "ermission", key)


@pytest.mark.parametrize("command", ["run", "config"])
def test_the_file_of_the_configuration(command: str, folder: Path, lock: Lock):
    path = lock(folder / "settings.yaml")

    answer = _call(command, "--config", str(path))

    _is_one_error(answer, f"{path}: cannot be read (Permission denied)", "--config")


@pytest.mark.parametrize("mode", [0o000, 0o500])
@pytest.mark.parametrize("root", ["private", "private/below", "private/far/below"])
def test_a_pipeline_root_of_others(root: str, mode: int, folder: Path, lock: Lock):
    lock(folder / "private", mode)

    answer = _run(folder, f"--set=pipeline_root={folder / root}")

    _is_one_error(answer, f"Error: {folder / root}: expected a place", "set pipeline_root to")


@pytest.mark.parametrize("inner", ["logs", "Trainer", ".lock"])
def test_what_a_run_of_another_user_left_in_the_root(inner: str, folder: Path, lock: Lock):
    path = folder / "runs" / inner
    path.parent.mkdir()
    path.touch() if inner == ".lock" else path.mkdir()
    lock(path, 0o500)

    _is_one_error(_run(folder), f"Error: {path}: expected a place", "set pipeline_root to")


@pytest.mark.parametrize("name", ["private", "private/metadata.db"])
def test_metadata_of_others(name: str, folder: Path, lock: Lock):
    metadata = folder / "private" / "metadata.db"
    metadata.touch()
    lock(folder / name, 0o500 if name == "private" else 0o400)

    answer = _run(folder, f"--set=metadata_path={metadata}")

    _is_one_error(answer, f"Error: {folder / name}: expected a place", "set metadata_path to")


@pytest.mark.parametrize("command", ["runs", "report"])
def test_metadata_in_a_folder_of_others(command: str, folder: Path, lock: Lock):
    root = lock(folder / "private")

    answer = _call(command, f"--set=pipeline_root={root}")

    _is_one_error(answer, f"Error: {root}/metadata.db: expected a place", "Permission denied")


@pytest.mark.parametrize("name", ["data/SHA256SUMS", "data/train-images-idx3-ubyte.gz"])
def test_data_that_are_to_be_verified(name: str, folder: Path, lock: Lock):
    path = lock(folder / name)

    answer = _call("data", "verify", str(folder / "data"))

    _is_one_error(answer, path.name, "Permission denied")


@pytest.mark.parametrize("command", ["models", "rollback", "lineage"])
def test_a_serving_directory_of_others(command: str, folder: Path, lock: Lock):
    served = lock(folder / "private")
    version = ["1"] if command == "lineage" else []

    answer = _call(command, *version, f"--set=serving_model_dir={served}")

    _is_one_error(answer, f"Error: {served}", "Permission denied")
