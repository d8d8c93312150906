"""The doctor's look at Node: it matters as much as the configuration needs it."""

import json
import shutil
from pathlib import Path

import pytest

from runners.doctor.finding import Severity
from runners.doctor.node import check_node
from support.project import PROJECT

LOCK_FILE = PROJECT / "requirements" / "node" / "package-lock.json"


@pytest.fixture
def environment(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An environment with one package, whose only program on PATH is a Node."""
    program = tmp_path / "node"
    program.write_text("#!/bin/sh\necho v20.20.2\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    prefix = tmp_path / "environment"
    package = prefix / "node" / "node_modules" / "@tensorflow" / "tfjs-core"
    package.mkdir(parents=True)
    (package / "package.json").write_text(json.dumps({"version": "4.22.0"}))
    (prefix / "node" / "package.json").write_text(
        json.dumps({"dependencies": {"@tensorflow/tfjs-core": "4.22.0"}})
    )
    shutil.copy(LOCK_FILE, prefix / "node")
    return prefix


@pytest.mark.parametrize("is_needed", [False, True])
def test_node_with_its_packages_is_fine_and_its_version_is_shown(
    environment: Path, *, is_needed: bool
):
    finding = check_node(LOCK_FILE, is_needed=is_needed, prefix=environment)

    assert finding.severity is Severity.OK
    assert finding.found == f"20.20.2 at {environment.parent}/node, with TF.js"


def test_missing_node_is_only_noted_where_nothing_is_exported_for_tf_js(
    environment: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(environment))

    finding = check_node(LOCK_FILE, is_needed=False, prefix=environment)

    assert finding.severity is Severity.NOTE
    assert "sudo apt-get install nodejs npm" in finding.found
    assert "only an export for TF.js needs it" in finding.advice


def test_missing_node_must_be_installed_for_an_export_to_tf_js(
    environment: Path, monkeypatch: pytest.MonkeyPatch
):
    monkeypatch.setenv("PATH", str(environment))

    finding = check_node(LOCK_FILE, is_needed=True, prefix=environment)

    assert finding.severity is Severity.FIX
    assert "sudo apt-get install nodejs npm" in finding.found


@pytest.mark.parametrize(("is_needed", "severity"), [(False, "note"), (True, "fix")])
def test_missing_packages_matter_as_much_as_node_itself(
    environment: Path, severity: str, *, is_needed: bool
):
    (environment / "node").rename(environment / "moved")

    finding = check_node(LOCK_FILE, is_needed=is_needed, prefix=environment)

    assert finding.severity == severity
    assert "make node" in finding.found


@pytest.mark.parametrize(("text", "received"), [("{}", "others"), (None, "no such file")])
def test_packages_of_another_lock_file_or_of_none_are_noticed(
    environment: Path, text: str | None, received: str
):
    installed = environment / "node" / LOCK_FILE.name
    installed.unlink()
    if text is not None:
        installed.write_text(text)

    finding = check_node(LOCK_FILE, is_needed=True, prefix=environment)

    assert finding.severity is Severity.FIX
    assert f"the packages that {LOCK_FILE} locks, received {received}; " in finding.found


def test_without_a_lock_file_beside_the_package_there_is_nothing_to_compare_with(
    environment: Path, tmp_path: Path
):
    finding = check_node(tmp_path / LOCK_FILE.name, is_needed=True, prefix=environment)

    assert finding.severity is Severity.OK
