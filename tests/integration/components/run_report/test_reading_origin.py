"""What a report says of where a model comes from, for examples that were made from IDX files."""

import hashlib
import platform
from collections.abc import Callable
from pathlib import Path

import keras
import tensorflow as tf
import tfx.version
from tfx.types import standard_artifacts

from components.run_report.reading.origin import read_origin


def test_data_files_have_the_digests_that_sha256sum_prints(
    tmp_path: Path,
    random_idx_folder: Callable[..., Path],
    generate_examples: Callable[..., standard_artifacts.Examples],
):
    source = random_idx_folder(tmp_path / "in")
    examples = generate_examples(source, tmp_path / "out")

    origin = read_origin({"examples": examples}, "0123456789abcdef")

    assert origin.data_files == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in source.iterdir()
    }
    assert len(origin.data_files) == 4


def test_examples_that_name_no_files_have_none():
    origin = read_origin({"examples": standard_artifacts.Examples()}, "")

    assert (origin.data_files, origin.code_digest) == ({}, "")


def test_artifacts_are_told_by_their_ids():
    examples, model = standard_artifacts.Examples(), standard_artifacts.Model()
    examples.id, model.id = 3, 17

    origin = read_origin({"model": model, "examples": examples}, "0123456789abcdef")

    assert origin.artifacts == {"examples": 3, "model": 17}
    assert origin.code_digest == "0123456789abcdef"


def test_versions_are_those_that_run_here():
    origin = read_origin({"examples": standard_artifacts.Examples()}, "")

    assert origin.versions["python"] == platform.python_version()
    assert origin.versions["tfx"] == tfx.version.__version__
    assert origin.versions["tensorflow"] == tf.__version__
    assert origin.versions["keras"] == keras.__version__
