import json
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner

from runners.commands.doctor import doctor
from runners.doctor.environment import (
    check_glibc,
    check_python,
    check_tensorboard,
    check_versions,
)
from runners.doctor.finding import Severity
from runners.doctor.machine import check_data, check_disk, check_gpus, check_writable
from support.project import PROJECT


def _write_nvidia_smi(folder: Path, script: str) -> None:
    command = folder / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


@pytest.mark.parametrize("version", [(3, 10), (3, 14)])
def test_python_without_wheels_must_be_replaced(version: tuple[int, int]):
    finding = check_python(version)

    assert finding.severity is Severity.FIX
    assert "3.11 to 3.13" in finding.advice


def test_python_3_12_is_told_about_the_missing_kubeflow_compiler():
    finding = check_python((3, 12))

    assert finding.severity is Severity.NOTE
    assert "kfp" in finding.advice


def test_python_3_11_is_fine_and_its_path_is_shown():
    finding = check_python((3, 11))

    assert finding.severity is Severity.OK
    assert sys.executable in finding.found


def test_glibc_of_this_environment_is_new_enough():
    assert check_glibc().severity is Severity.OK


def test_tensorboard_of_this_environment_is_found():
    assert check_tensorboard().severity is Severity.OK


def test_packages_of_this_environment_are_those_of_the_lock_file():
    finding = check_versions(PROJECT / "requirements" / "pipeline.txt")

    assert finding.severity is Severity.OK, finding.found


def test_a_copy_further_down_the_path_is_not_the_one_that_is_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    copy = tmp_path / "click-0.0.1.dist-info" / "METADATA"
    copy.parent.mkdir()
    copy.write_text("Metadata-Version: 2.1\nName: click\nVersion: 0.0.1\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    sys.path.append(sys.path.pop(0))

    finding = check_versions(PROJECT / "requirements" / "pipeline.txt")

    assert finding.severity is Severity.OK, finding.found


def test_each_package_that_differs_from_the_lock_file_is_reported(tmp_path: Path):
    lock_file = tmp_path / "lock.txt"
    lock_file.write_text(
        "click==0.0.1 \\\n    --hash=sha256:00\n    # via -r pipeline.in\n"
        "no-such-package==1.2 \\\n    --hash=sha256:00\n"
    )

    finding = check_versions(lock_file)

    assert finding.severity is Severity.FIX
    click_line, missing_line = finding.found.splitlines()
    assert click_line.startswith("click ")
    assert click_line.endswith("locked 0.0.1")
    assert missing_line == "no-such-package is missing, locked 1.2"


def test_packages_locked_for_other_platforms_are_passed_over(tmp_path: Path):
    lock_file = tmp_path / "lock.txt"
    lock_file.write_text(
        "no-such-package==1.2 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
    )

    assert check_versions(lock_file).severity is Severity.OK


def test_an_installed_wheel_without_lock_file_is_only_noted(tmp_path: Path):
    assert check_versions(tmp_path / "pipeline.txt").severity is Severity.NOTE


def test_too_little_disk_names_free_space_and_folder(tmp_path: Path):
    finding = check_disk(str(tmp_path / "runs" / "x"), needed_bytes=1 << 60)

    assert finding.severity is Severity.FIX
    assert str(tmp_path) in finding.found
    assert not (tmp_path / "runs").exists()


def test_enough_disk_is_fine(tmp_path: Path):
    assert check_disk(str(tmp_path), needed_bytes=1).severity is Severity.OK


def test_remote_folders_are_not_looked_at():
    assert "not looked at" in check_disk("gs://bucket/root").found
    assert "not looked at" in check_writable(["gs://bucket/root"]).found
    assert "not looked at" in check_data("gs://bucket/data").found


def test_folder_that_refuses_writing_is_named(tmp_path: Path):
    finding = check_writable([str(tmp_path / "runs"), "/proc/runs"])

    assert finding.severity is Severity.FIX
    assert finding.found.startswith("/proc/runs: ")


def test_write_permission_is_tried_without_leaving_anything(tmp_path: Path):
    assert check_writable([str(tmp_path / "a" / "b")]).severity is Severity.OK
    assert not list(tmp_path.iterdir())


def test_no_gpu_means_training_on_the_cpu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("PATH", str(tmp_path))

    finding = check_gpus(devices=tmp_path)

    assert finding.severity is Severity.OK
    assert "CPU" in finding.found


def test_driver_that_does_not_answer_is_noted_with_its_own_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    _write_nvidia_smi(tmp_path, "echo 'Driver/library version mismatch'; exit 18")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    (tmp_path / "nvidia0").touch()

    finding = check_gpus(devices=tmp_path)

    assert finding.severity is Severity.NOTE
    assert "Driver/library version mismatch" in finding.found


def test_driver_tools_without_a_gpu_are_fine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    _write_nvidia_smi(tmp_path, "echo 'No devices were found' >&2; exit 6")
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")

    assert check_gpus(devices=tmp_path).severity is Severity.OK


def test_gpus_that_the_configuration_hides_are_noted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(tmp_path))
    (tmp_path / "nvidia0").touch()

    finding = check_gpus(hidden=True, devices=tmp_path)

    assert finding.severity is Severity.NOTE
    assert "hide_gpus" in finding.found


def test_missing_data_names_the_files_and_how_to_get_them(tmp_path: Path):
    finding = check_data(str(tmp_path / "nothing"))

    assert finding.severity is Severity.FIX
    assert "train-images-idx3-ubyte" in finding.found
    assert "tfx-mnist data fetch" in finding.found


def test_data_without_checksums_are_noted(tmp_path: Path, random_idx_folder: Callable[..., Path]):
    folder = random_idx_folder(tmp_path / "idx")

    assert check_data(str(folder)).severity is Severity.NOTE


def test_damaged_data_must_be_repaired(tmp_path: Path, random_idx_folder: Callable[..., Path]):
    folder = random_idx_folder(tmp_path / "idx")
    (folder / "SHA256SUMS").write_text(f"{'0' * 64}  train-images-idx3-ubyte\n")

    finding = check_data(str(folder))

    assert finding.severity is Severity.FIX
    assert "SHA-256" in finding.found


def test_the_data_of_the_project_are_intact():
    assert check_data(str(PROJECT / "data" / "mnist")).severity is Severity.OK


def test_doctor_answers_in_json_and_exits_1_when_something_must_be_fixed(tmp_path: Path):
    options = ["--json", "--set", f"data_root={tmp_path}", "--set", f"pipeline_root={tmp_path}"]

    result = CliRunner().invoke(doctor, options)

    assert result.exit_code == 1, result.output
    findings = {finding["subject"]: finding for finding in json.loads(result.stdout)}
    assert findings["data"]["severity"] == "fix"
    assert findings["free disk"]["severity"] == "ok"


def test_doctor_prints_what_to_do_and_exits_0_when_all_is_well(tmp_path: Path):
    settings = {
        "data_root": PROJECT / "data" / "mnist",
        "pipeline_root": tmp_path / "runs",
        "serving_model_dir": tmp_path / "serving",
    }
    options = [part for key, value in settings.items() for part in ("--set", f"{key}={value}")]

    result = CliRunner().invoke(doctor, options)

    assert result.exit_code == 0, result.output
    assert "TensorBoard" in result.stdout
