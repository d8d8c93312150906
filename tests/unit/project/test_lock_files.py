"""What `make lock` wrote: complete hashes, one version of each package, no host's names."""

import json
import re
from importlib.metadata import requires
from typing import Any

import pytest
from packaging.requirements import Requirement

from support.project import PROJECT

_REQUIREMENTS = PROJECT / "requirements"
_LOCKS = sorted(path.name for path in _REQUIREMENTS.glob("*.txt"))
# Name, version, marker and hashes.
_ENTRY = re.compile(r"^([a-z0-9.-]+)==([^ ;\\]+)(.*)\n((?:    --hash=.*\n)*)", re.MULTILINE)
_PLACE = re.compile(r"^.*(?:://|--index|--find-links|--extra|file:| /).*$", re.MULTILINE)

_NPM_FOLDERS = sorted(path.parent.name for path in _REQUIREMENTS.glob("*/package.json"))


def _pins(name: str) -> dict[str, str]:
    return {entry[1]: entry[2] for entry in _ENTRY.finditer((_REQUIREMENTS / name).read_text())}


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_locked_package_has_hashes(lock: str):
    text = (_REQUIREMENTS / lock).read_text()
    entries = list(_ENTRY.finditer(text))

    assert len(entries) == sum(line[:1] not in " #" for line in text.splitlines()) > 0
    assert [entry[1] for entry in entries if "--hash=sha256:" not in entry[4]] == []


@pytest.mark.parametrize("lock", _LOCKS)
def test_lock_files_name_no_index_host_or_folder(lock: str):
    text = (_REQUIREMENTS / lock).read_text()

    assert _PLACE.findall(text) == []


@pytest.mark.parametrize("lock", _LOCKS)
def test_every_lock_file_has_its_input(lock: str):
    assert (_REQUIREMENTS / lock).with_suffix(".in").exists()


def test_tests_run_with_the_versions_that_pipelines_run_with():
    assert _pins("pipeline.txt").items() <= _pins("dev.txt").items()


def test_cuda_libraries_are_those_that_the_locked_tensorflow_names():
    lines = (_REQUIREMENTS / "cuda.in").read_text().splitlines()
    named = (Requirement(line) for line in requires("tensorflow") or ())

    assert {Requirement(line) for line in lines if not line.startswith("#")} == {
        Requirement(f"{requirement.name}{requirement.specifier}")
        for requirement in named
        if requirement.marker is not None and "and-cuda" in str(requirement.marker)
    }


def _npm_package(name: str) -> dict[str, Any]:
    package: dict[str, Any] = json.loads((_REQUIREMENTS / name / "package.json").read_text())
    return package


def _npm_lock(name: str) -> str:
    return (_REQUIREMENTS / name / "package-lock.json").read_text()


def _npm_packages(name: str) -> dict[str, dict[str, Any]]:
    """Returns what an npm lock holds by folder; "" is what package.json said."""
    packages: dict[str, dict[str, Any]] = json.loads(_npm_lock(name))["packages"]
    return packages


@pytest.mark.parametrize("name", _NPM_FOLDERS)
def test_every_npm_package_has_its_hash_and_runs_nothing_when_it_is_installed(name: str):
    packages = {folder: entry for folder, entry in _npm_packages(name).items() if folder}

    assert packages
    assert [
        folder
        for folder, entry in packages.items()
        if not entry["integrity"].startswith("sha512-") or "hasInstallScript" in entry
    ] == []


@pytest.mark.parametrize("name", _NPM_FOLDERS)
def test_npm_lock_names_no_registry_or_folder(name: str):
    text = _npm_lock(name)

    assert not re.search(r"://|file:|\"resolved\"|\"link\"|\"inBundle\"", text)


@pytest.mark.parametrize("name", _NPM_FOLDERS)
def test_npm_lock_is_that_of_its_package_json(name: str):
    package, root = _npm_package(name), _npm_packages(name)[""]

    assert root == {key: package[key] for key in root}
    assert root.keys() >= {"dependencies", "engines", "license"}


@pytest.mark.parametrize("name", _NPM_FOLDERS)
def test_npm_packages_are_pinned_to_the_very_version_that_is_locked(name: str):
    package, packages = _npm_package(name), _npm_packages(name)
    wanted = package["dependencies"]

    assert package["private"]
    assert all(re.fullmatch(r"\d+\.\d+\.\d+", version) for version in wanted.values())
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}


def test_every_package_of_tf_js_is_of_one_version():
    versions = {
        entry["version"]
        for folder, entry in _npm_packages("node").items()
        if folder.startswith("node_modules/@tensorflow/")
    }

    assert len(versions) == 1
