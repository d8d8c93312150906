"""The doctor's look at the environment: Python, the C library and the installed packages."""

import sys
from pathlib import Path

import pytest

from runners.doctor.environment import (
    check_glibc,
    check_python,
    check_tensorboard,
    check_versions,
)
from runners.doctor.finding import Severity
from support.project import PROJECT


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
