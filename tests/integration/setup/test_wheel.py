"""The wheel alone, installed into a new environment: what it needs and what it brings along."""

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.orchestration.pod_paths import IMAGE_HOME
from support.project import NOT_COPIED, PROJECT

_REQUIREMENTS = PROJECT / "requirements"
_BASE_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")


def _run(*command: str | Path, folder: Path, **environment: str) -> str:
    answer = subprocess.run(
        [str(part) for part in command],
        cwd=folder,
        env=os.environ | environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert answer.returncode == 0, answer.stdout + answer.stderr
    return answer.stdout


def _read_printed_lines() -> list[str]:
    """Returns the two lines of the README that make the wheel and install it."""
    blocks = re.findall(r"```\n(pip wheel .*?)```", (PROJECT / "README.md").read_text(), re.DOTALL)
    [block] = blocks
    return block.splitlines()


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An environment that holds the wheel, and what that asks for in the releases of the lock.

    Python comes from the set-up, so that it has the glibc that TFX's wheels need.
    """
    folder = tmp_path_factory.mktemp("wheel")
    project = shutil.copytree(PROJECT, folder / "project", ignore=NOT_COPIED)
    venv = folder / "venv"
    settings = {"PYTHON": str(_BASE_PYTHON), "VENV": str(venv)}
    _run(_REQUIREMENTS / "install.sh", "tools", folder=folder, **settings)
    tools = venv / "setup" / "bin"
    build, install = (shlex.split(line) for line in _read_printed_lines())
    assert build[0] == "pip"
    assert install[:3] == ["uv", "pip", "install"]
    _run(tools / "python", "-m", *build, folder=project)
    [wheel] = project.glob(install.pop())
    _run(
        *(tools / "uv", *install[1:], "--compile-bytecode", "--python", venv / "bin" / "python"),
        wheel,
        folder=project,
    )
    shutil.rmtree(project)
    return venv


def test_the_command_answers_from_any_folder_with_the_contract_of_the_wheel(
    environment: Path, tmp_path: Path
):
    settings = _run(environment / "bin" / "tfx-mnist", "config", "--yaml", folder=tmp_path)

    share = environment / "share" / "tfx-mnist"
    assert f"schema_path: {share}/data/schema/schema.pbtxt\n" in settings
    assert f"model_card_path: {share}/docs/model_card.md\n" in settings
    assert f"data_root: {tmp_path}/data/mnist\n" in settings


def test_a_pipeline_is_compiled_with_the_contract_of_the_wheel_which_the_image_has_too(
    environment: Path, tmp_path: Path
):
    settings = PROJECT / "deploy" / "airflow" / "kubernetes.yaml"

    compile_airflow = ("compile", "airflow", "--settings", settings, "--output", tmp_path / "dags")
    _run(environment / "bin" / "tfx-mnist", *compile_airflow, folder=tmp_path)

    config = json.loads((tmp_path / "dags" / "tfx_mnist.graph.json").read_text())["config"]
    assert config["schema_path"] == f"{IMAGE_HOME}/data/schema/schema.pbtxt"
    assert config["model_card_path"] == f"{IMAGE_HOME}/docs/model_card.md"


def test_a_run_trains_judges_pushes_and_reports(
    environment: Path, tmp_path: Path, mnist_idx_folder: Callable[..., Path]
):
    data = mnist_idx_folder(tmp_path / "data" / "mnist", num_train=2000, num_test=400)
    small = ["training.epochs=1", "thresholds.accuracy=0.1", "thresholds.class_accuracy=0"]
    small += ["thresholds.min_rows=1", "thresholds.max_p99_latency_ms=5000"]

    _run(
        *(environment / "bin" / "tfx-mnist", "run", f"--set=data_root={data}"),
        *(f"--set={setting}" for setting in small),
        folder=tmp_path,
    )

    root = tmp_path / "runs" / "tfx-mnist"
    assert json.loads((root / "run.json").read_text())["pushed_version"]
    assert "Intended use" in (root / "report.html").read_text()
    assert list((tmp_path / "serving_model" / "tfx-mnist").glob("[0-9]*/saved_model.pb"))
