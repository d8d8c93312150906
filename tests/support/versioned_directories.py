"""Fixtures for versioned directories, which a conftest imports; nobody loads the models in them."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from components.versioned_directory.model_files import digest_files
from components.versioned_directory.publishing import push_model
from components.versioned_directory.push_record import PushOrigin, read_record
from components.versioned_directory.versions import Version


def _write_model(folder: Path, content: str) -> Path:
    (folder / "variables").mkdir(parents=True)
    (folder / "assets").mkdir()
    (folder / "saved_model.pb").write_text(f"graph of {content}")
    (folder / "variables" / "variables.index").write_text(f"index of {content}")
    (folder / "variables" / "variables.data-00000-of-00001").write_text(content * 20_000)
    return folder


@pytest.fixture(scope="session")
def write_model() -> Callable[[Path, str], Path]:
    """Returns a function that writes a folder like a SavedModel, with the given content."""
    return _write_model


@pytest.fixture
def push(tmp_path: Path) -> Callable[..., Version]:
    """Returns a function that pushes a model with the given content, at time 100 if not told."""

    def make(
        directory: Path, content: str, *, source: Path | None = None, **arguments: Any
    ) -> Version:
        source = source or tmp_path / "sources" / content
        if not source.exists():
            _write_model(source, content)
        defaults = {"origin": PushOrigin(), "check": lambda _: None, "keep": 5, "now": 100.0}
        return push_model(source, directory, **{**defaults, **arguments})

    return make


@pytest.fixture(scope="session")
def is_whole() -> Callable[[Path], bool]:
    """Returns a function that compares the files of a version with its record."""

    def check(version: Path) -> bool:
        record = read_record(version)
        return record is not None and digest_files(version) == record.files

    return check


@pytest.fixture(scope="session")
def names_in() -> Callable[[Path], list[str]]:
    """Returns a function that lists a versioned directory, all but its lock file."""
    return lambda directory: sorted(set(os.listdir(directory)) - {".lock"})  # noqa: PTH208 - names
