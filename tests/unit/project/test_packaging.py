"""What `setup.py` builds, by building it: a worker gets the sdist, the image the wheel."""

import email
import importlib
import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

from support.project import NOT_COPIED, PACKAGES, PROJECT


def _build(command: str, *, project: Path, output: Path) -> Path:
    subprocess.run(
        [sys.executable, "setup.py", "--quiet", command, "--dist-dir", str(output)],
        cwd=project,
        check=True,
        capture_output=True,
        text=True,
    )
    (archive,) = output.iterdir()
    return archive


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """Builds the wheel from the sdist, as a Beam worker does with --setup_file=./setup.py."""
    folder = tmp_path_factory.mktemp("packaging")
    shutil.copytree(PROJECT, folder / "project", ignore=NOT_COPIED)
    sdist = _build("sdist", project=folder / "project", output=folder / "sdist")
    with tarfile.open(sdist) as archive:
        archive.extractall(folder / "unpacked", filter="data")
    (unpacked,) = (folder / "unpacked").iterdir()
    return zipfile.ZipFile(_build("bdist_wheel", project=unpacked, output=folder / "wheel"))


def test_wheel_holds_exactly_the_files_of_the_packages(wheel: zipfile.ZipFile):
    files = {name for name in wheel.namelist() if not re.match(r"[\w.-]+\.(dist-info|data)/", name)}

    assert files == {
        path.relative_to(PROJECT).as_posix()
        for package in PACKAGES
        for path in (PROJECT / package).rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


def test_wheel_installs_the_command(wheel: zipfile.ZipFile):
    (entry_points,) = (name for name in wheel.namelist() if name.endswith("/entry_points.txt"))

    scripts = wheel.read(entry_points).decode()
    assert "tfx-mnist = runners.commands.main:main" in scripts
    [place] = re.findall(r"^tensorflow_model_server = (.+)$", scripts, re.MULTILINE)
    module, _, function = place.partition(":")
    assert callable(getattr(importlib.import_module(module), function))


def test_wheel_carries_the_licence(wheel: zipfile.ZipFile):
    assert any(name.endswith("/LICENSE") for name in wheel.namelist())


def test_wheel_carries_what_the_configuration_names_where_there_is_no_checkout(
    wheel: zipfile.ZipFile,
):
    shared = {
        name.partition("/data/share/tfx-mnist/")[2]: wheel.read(name)
        for name in wheel.namelist()
        if ".data/" in name
    }

    assert shared == {
        name: (PROJECT / name).read_bytes()
        for name in (
            "data/schema/schema.pbtxt",
            "data/schema/images.pbtxt",
            "data/class_names/fashion-mnist.txt",
            "docs/model_card.md",
        )
    }


def test_wheel_requires_what_the_lock_was_made_from(wheel: zipfile.ZipFile):
    [name] = (name for name in wheel.namelist() if name.endswith("/METADATA"))
    metadata = email.message_from_bytes(wheel.read(name))
    text = (PROJECT / "requirements" / "pipeline.in").read_text()

    required = {str(Requirement(line)) for line in metadata.get_all("Requires-Dist")}

    assert required == {
        str(Requirement(line)) for line in text.splitlines() if line and line[0] != "#"
    }
