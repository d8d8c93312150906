from pathlib import Path

import pytest

from runners.doctor.finding import Severity
from runners.doctor.machine import check_gpus


def test_gpu_that_tensorflow_cannot_use_is_noted_with_the_way_to_the_cuda_libraries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    command = tmp_path / "nvidia-smi"
    command.write_text("#!/bin/sh\nprintf 'NVIDIA A\\nNVIDIA B\\n'\n")
    command.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)

    finding = check_gpus(devices=tmp_path)

    assert finding.severity is Severity.NOTE
    assert finding.found == "NVIDIA A, NVIDIA B seen; 0 usable by TensorFlow"
    assert "make cuda" in finding.advice


def test_gpus_hidden_by_the_environment_are_noted_as_hidden(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
):
    (tmp_path / "nvidia0").touch()
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")

    finding = check_gpus(devices=tmp_path)

    assert finding.severity is Severity.NOTE
    assert "CUDA_VISIBLE_DEVICES='-1'" in finding.advice
