"""ModelExporter's part of the cache key: an edit of what converts, proves or judges is seen."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from support.project import PROJECT

# Prints the files of the project that modules load.
LOAD = """
import importlib, json, sys
from pathlib import Path
for name in sys.argv[1:]:
    importlib.import_module(name)
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
here = Path.cwd()
print(json.dumps([str(Path(file).relative_to(here)) for file in files
                  if file and Path(file).is_relative_to(here)]))
"""
# Prints what ModelExporter gets for its code digest, first as the files are and then with each of
# them edited.
DIGEST = """
import json, sys
from pathlib import Path
from tfx.types import Channel, standard_artifacts
from components.model_exporter.component import ModelExporter
from components.model_exporter.formats import ExportFormat

def digest():
    return ModelExporter(
        model=Channel(type=standard_artifacts.Model),
        model_blessing=Channel(type=standard_artifacts.ModelBlessing),
        infra_blessing=Channel(type=standard_artifacts.InfraBlessing),
        examples=Channel(type=standard_artifacts.Examples),
        formats=[ExportFormat.TFLITE],
    ).exec_properties["code_digest"]

def edit(path):
    content = path.read_bytes()
    path.write_bytes(content + b"\\n")
    edited = digest()
    path.write_bytes(content)
    return edited

print(json.dumps([digest(), *(edit(Path(name)) for name in sys.argv[1:]), digest()]))
"""


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Returns the folder of a copy of the code."""
    for package in ("components", "modules"):
        shutil.copytree(PROJECT / package, tmp_path / package)
    return tmp_path


def _run(folder: Path, program: str, *arguments: str) -> Any:
    """Returns what a program prints that runs with the code in a folder."""
    answer = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        cwd=folder,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    return json.loads(answer.stdout.splitlines()[-1])


def _programs(folder: Path) -> list[str]:
    """Returns the modules that are run by their name: ModelExporter's own, and what starts Node."""
    own = [
        ".".join(path.relative_to(folder).with_suffix("").parts)
        for path in sorted((folder / "components" / "model_exporter").rglob("*.py"))
        if '__name__ == "__main__"' in path.read_text()
    ]
    return ["components.parent_bound", *own]


def test_the_code_digest_sees_an_edit_of_whatever_a_converter_or_a_proof_runs_and_no_other(
    copy: Path,
):
    programs = _programs(copy)
    loaded = _run(copy, LOAD, "components.model_exporter.executor", *programs)
    # A package's own file holds a docstring and nothing else.
    files = sorted(file for file in loaded if not file.endswith("__init__.py"))
    folder = "components/model_exporter"
    assert {
        f"{folder}/conversion/graph_model.py",
        f"{folder}/conversion/tflite.py",
        f"{folder}/conversion/with_tensorflow.py",
        f"{folder}/conversion/with_tf2onnx.py",
        f"{folder}/gate.py",
        f"{folder}/proof/litert.py",
        f"{folder}/proof/onnx_runtime.py",
        "components/child_process.py",
        "components/parent_bound.py",
        "modules/features.py",
    } <= set(files)
    of_node = [path.relative_to(copy).as_posix() for path in (copy / folder).rglob("*.cjs")]
    assert of_node == [f"{folder}/proof/graph_model.cjs"]
    files += of_node

    others = ["modules/trainer.py", "components/atomic_pusher/executor.py"]

    before, *edited, after = _run(copy, DIGEST, *files, *others)

    assert before == after
    digests = dict(zip([*files, *others], edited, strict=True))
    assert [file for file, digest in digests.items() if digest == before] == others
