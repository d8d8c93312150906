"""The doctor's look at the machine: disk, folders, GPUs and data."""

from pathlib import Path

import pytest

from runners.doctor.finding import Severity
from runners.doctor.machine import check_disk, check_gpus, check_writable


def _write_nvidia_smi(folder: Path, script: str) -> None:
    command = folder / "nvidia-smi"
    command.write_text(f"#!/bin/sh\n{script}\n")
    command.chmod(0o755)


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
