"""What `make lock` wrote: complete hashes, one version of each package, no host's names."""

import re
from importlib.metadata import requires

import pytest
from packaging.requirements import Requirement

from support.project import PROJECT

_REQUIREMENTS = PROJECT / "requirements"
_LOCKS = sorted(path.name for path in _REQUIREMENTS.glob("*.txt"))
# Name, version, marker and hashes.
_ENTRY = re.compile(r"^([a-z0-9.-]+)==([^ ;\\]+)(.*)\n((?:    --hash=.*\n)*)", re.MULTILINE)
_PLACE = re.compile(r"^.*(?:://|--index|--find-links|--extra|file:| /).*$", re.MULTILINE)


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
