"""The code digest: what changes it, and what does not."""

import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from support.project import PROJECT


@pytest.fixture
def digest_of(tmp_path: Path):
    """Digests a module of a copy of the project, in a fresh interpreter."""
    for package in ("components", "modules"):
        shutil.copytree(PROJECT / package, tmp_path / package)

    def digest(module: str) -> str:
        program = f"from components.code_digest import code_digest; print(code_digest({module!r}))"
        return subprocess.run(
            [sys.executable, "-c", program],
            cwd=tmp_path,
            check=True,
            capture_output=True,
            text=True,
        ).stdout

    return digest


def test_an_edited_import_changes_the_digest_of_its_importers_only(
    digest_of: Callable[[str], str], tmp_path: Path
):
    trainer, preprocessing = digest_of("modules.trainer"), digest_of("modules.preprocessing")

    with (tmp_path / "modules" / "model.py").open("a") as file:
        file.write("\nEDITED = True\n")

    assert digest_of("modules.trainer") != trainer
    assert digest_of("modules.preprocessing") == preprocessing


def test_features_reach_every_digest(digest_of: Callable[[str], str], tmp_path: Path):
    modules = ("modules.trainer", "modules.preprocessing", "components.idx_example_gen.executor")
    before = [digest_of(module) for module in modules]

    with (tmp_path / "modules" / "features.py").open("a") as file:
        file.write("\n# a comment is an edit too\n")

    assert all(digest_of(module) != old for module, old in zip(modules, before, strict=True))


def test_a_missing_module_is_named(digest_of: Callable[[str], str]):
    with pytest.raises(subprocess.CalledProcessError) as raised:
        digest_of("modules.absent")

    assert "modules.absent: no such module" in raised.value.stderr
