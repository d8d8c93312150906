"""The set-up as a newcomer meets it: the real scripts and package index, few packages."""

import contextlib
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from components.model_exporter.proof.node import find_node
from support.project import PROJECT

_REQUIREMENTS = PROJECT / "requirements"
_BASE_PYTHON = Path(sys.base_prefix, "bin", f"python3.{sys.version_info.minor}")


def _run(*command: str | Path, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    settings = {"PYTHON": _BASE_PYTHON, "MAKEFLAGS": "", **environment}
    return subprocess.run(
        [str(part) for part in command],
        env=os.environ | {name: str(value) for name, value in settings.items()},
        capture_output=True,
        text=True,
        check=False,
    )


def _install(name: str, **environment: str | Path) -> subprocess.CompletedProcess[str]:
    return _run(_REQUIREMENTS / "install.sh", name, **environment)


def _make(project: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return _run("make", "--directory", project, *arguments, VENV=".venv")


def _program(path: Path, script: str) -> None:
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(0o755)


@pytest.mark.parametrize(
    ("system", "machine", "message"),
    [
        ("Darwin", "arm64", "wheels for Linux only; this is Darwin"),
        ("Linux", "aarch64", "wheels for x86_64 only; this is aarch64"),
    ],
)
def test_platform_without_wheels_is_named_beside_the_container_image(
    tmp_path: Path, system: str, machine: str, message: str
):
    _program(tmp_path / "uname", f"test $1 = -s && echo {system} || echo {machine}")

    answer = _install("pipeline", VENV=tmp_path / "venv", PATH=f"{tmp_path}:{os.environ['PATH']}")

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "make image" in answer.stderr
    assert not (tmp_path / "venv").exists()


def test_host_without_python_is_told_which_were_tried(tmp_path: Path):
    answer = _install("pipeline", VENV=tmp_path / "venv", PYTHON="no-such-python nor-this")

    assert answer.returncode == 1
    assert "no Python 3.11, 3.12 or 3.13 found (tried: no-such-python nor-this)" in answer.stderr
    assert not (tmp_path / "venv").exists()


def test_host_without_compiler_is_told_what_to_install(tmp_path: Path):
    for name in ("bash", "cat", "dirname", "env", "flock", "realpath", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)

    answer = _install("pipeline", VENV=tmp_path / "venv", PATH=tmp_path)

    assert answer.returncode == 1
    assert "no C++ compiler" in answer.stderr
    assert "sudo apt-get install g++" in answer.stderr


def test_folder_that_is_no_environment_is_never_removed(tmp_path: Path):
    (tmp_path / "letter.txt").write_text("dear reader")

    answer = _install("pipeline", VENV=tmp_path)

    assert answer.returncode == 1
    assert f"{tmp_path} exists and is no virtual environment" in answer.stderr
    assert (tmp_path / "letter.txt").read_text() == "dear reader"


def test_unknown_set_of_packages_lists_those_there_are(tmp_path: Path):
    answer = _install("everything", VENV=tmp_path / "venv")

    assert answer.returncode == 1
    assert "expected tools, pipeline, dev, cuda, node or node-dev" in answer.stderr


@pytest.mark.parametrize(
    ("programs", "message"),
    [
        ({}, "expected Node 18 or later on PATH, found none."),
        ({"node": "echo v17.9.1", "npm": ""}, "expected Node 18 or later on PATH, found v17.9.1."),
        ({"node": "exit 127", "npm": ""}, "expected Node 18 or later on PATH, found none."),
        ({"node": "echo v18.0.0"}, "Node v18.0.0 is there, but npm is not."),
    ],
)
def test_host_without_node_or_npm_is_told_what_to_install(
    tmp_path: Path, programs: dict[str, str], message: str
):
    for name in ("bash", "dirname", "env", "uname"):
        (tmp_path / name).symlink_to(shutil.which(name) or name)
    for name, script in programs.items():
        _program(tmp_path / name, script)

    answer = _install("node", VENV=tmp_path / "venv", PATH=tmp_path)

    assert answer.returncode == 1
    assert message in answer.stderr
    assert "sudo apt-get install nodejs npm" in answer.stderr
    assert "sudo dnf install nodejs" in answer.stderr
    assert not (tmp_path / "venv").exists()


def _locked(name: str) -> str:
    """Returns the lines of one package of the real lock file."""
    lines = (_REQUIREMENTS / "dev.txt").read_text().splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith(f"{name}=="))
    hashes = [line for line in lines[first + 1 : first + 20] if line.startswith("    --hash")]
    return "\n".join([lines[first], *hashes[:2]]).removesuffix(" \\") + "\n"


@pytest.fixture(scope="module")
def small_project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A project with our scripts whose locks hold hardly anything; its environment is made."""
    project = tmp_path_factory.mktemp("set up") / "small project"
    requirements = project / "requirements"
    requirements.mkdir(parents=True)
    for name in ("install.sh", "private_glibc.sh", "bootstrap.txt"):
        shutil.copy(_REQUIREMENTS / name, requirements)
    shutil.copytree(_REQUIREMENTS / "node", requirements / "node")
    shutil.copy(PROJECT / "Makefile", project)
    (requirements / "pipeline.txt").write_text(_locked("setuptools"))
    (requirements / "dev.txt").write_text(_locked("setuptools") + _locked("iniconfig"))
    (requirements / "cuda.txt").write_text(_locked("six"))
    (project / "setup.py").write_text("import setuptools\nsetuptools.setup(name='small')\n")
    answer = _make(project, ".venv/.pipeline")
    assert answer.returncode == 0, answer.stderr
    (project / "set-up.log").write_text(answer.stdout)
    return project


def _installed(project: Path) -> set[str]:
    program = "from importlib.metadata import distributions as d; print(*(p.name for p in d()))"
    return set(_run(project / ".venv/bin/python", "-P", "-c", program).stdout.split())


def test_each_step_of_a_set_up_is_a_line_that_says_how_long_it_takes(small_project: Path):
    lines = re.findall("^set-up: (.*)$", (small_project / "set-up.log").read_text(), re.MULTILINE)

    creating, tools, packages, project, ready = [line for line in lines if "glibc" not in line]
    assert creating.startswith(f"creating {small_project}/.venv with Python 3.")
    assert tools == "installing the installer itself, uv (seconds)"
    assert "1 packages of pipeline.txt: downloads, then bytecode (minutes the first" in packages
    assert project == "installing the project itself (seconds)"
    assert ready == f"{small_project}/.venv is ready"


def _install_in_a_terminal(project: Path) -> str:
    """Returns what a terminal shows while everything is installed again."""
    (project / ".venv" / ".unfinished").touch()
    main, terminal = os.openpty()
    with subprocess.Popen(
        [project / "requirements" / "install.sh", "pipeline"],
        env=os.environ | {"PYTHON": str(_BASE_PYTHON), "VENV": ""},
        stdout=terminal,
        stderr=terminal,
    ):
        os.close(terminal)
        shown = b""
        with contextlib.suppress(OSError):  # Linux' word for the end of a terminal
            while content := os.read(main, 1 << 16):
                shown += content
    os.close(main)
    return shown.decode()


def test_a_terminal_shows_how_far_the_installer_is_and_a_log_does_not(small_project: Path):
    (small_project / ".venv" / ".unfinished").touch()
    logged = _run(small_project / "requirements" / "install.sh", "pipeline", VENV="")

    assert "setuptools==" in _install_in_a_terminal(small_project)
    assert "setuptools==" not in logged.stdout + logged.stderr


def test_second_set_up_does_nothing(small_project: Path):
    answer = _make(small_project, "--question", ".venv/.pipeline")

    assert answer.returncode == 0, answer.stdout


def test_test_tools_and_cuda_libraries_stay_when_a_run_sets_up_again(small_project: Path):
    assert _installed(small_project) == {"setuptools", "small"}

    assert _make(small_project, ".venv/.dev").returncode == 0
    assert _installed(small_project) == {"setuptools", "small", "iniconfig"}

    assert _make(small_project, "cuda").returncode == 0
    (small_project / "requirements" / "pipeline.txt").touch()
    assert _make(small_project, ".venv/.pipeline").returncode == 0
    assert _installed(small_project) == {"setuptools", "small", "iniconfig", "six"}


def test_packages_can_be_installed_before_the_project_is_there(small_project: Path):
    hidden = (small_project / "setup.py").rename(small_project / "hidden.py")

    answer = _run(small_project / "requirements" / "install.sh", "pipeline", VENV="")

    assert answer.returncode == 0, answer.stderr
    assert "small" not in _installed(small_project)
    hidden.rename(small_project / "setup.py")


def test_interrupted_set_up_is_repaired_by_the_next(small_project: Path):
    (package,) = small_project.glob(".venv/lib/python*/site-packages/setuptools/__init__.py")
    package.unlink()
    (small_project / ".venv" / ".unfinished").touch()

    answer = _run(small_project / "requirements" / "install.sh", "pipeline", VENV="")

    assert answer.returncode == 0, answer.stderr
    assert package.exists()
    assert not (small_project / ".venv" / ".unfinished").exists()


def test_package_that_differs_from_its_hash_is_refused(small_project: Path):
    lock = small_project / "requirements" / "dev.txt"
    right = lock.read_text()
    lock.write_text(right + re.sub("sha256:[0-9a-f]{8}", "sha256:00000000", _locked("pluggy")))

    answer = _make(small_project, ".venv/.dev")

    assert answer.returncode != 0
    assert "Hash mismatch" in answer.stderr
    lock.write_text(right)
    assert _make(small_project, ".venv/.dev").returncode == 0
    assert "pluggy" not in _installed(small_project)


def _has_node() -> bool:
    if shutil.which("npm") is None or shutil.which("node") is None:
        return False
    return int(re.findall(r"\d+", _run("node", "--version").stdout)[0]) >= 18


@pytest.fixture(scope="module")
def project_with_node(small_project: Path) -> Path:
    """The small project, to which the npm packages were added; theirs is the real lock."""
    if not _has_node():
        pytest.skip("needs Node 18 and npm; Debian: apt-get install nodejs npm")
    answer = _make(small_project, "node")
    assert answer.returncode == 0, answer.stderr
    return small_project


def test_npm_packages_are_added_to_those_of_a_run(project_with_node: Path):
    node = find_node(project_with_node / ".venv")

    assert node.modules == project_with_node / ".venv" / "node" / "node_modules"
    assert {"setuptools", "small"} <= _installed(project_with_node)
    assert _make(project_with_node, "--question", "node", ".venv/.pipeline").returncode == 0


def test_wasm_backend_computes_in_node(project_with_node: Path):
    node = find_node(project_with_node / ".venv")
    program = """
      const tf = require("@tensorflow/tfjs-core");
      require("@tensorflow/tfjs-backend-wasm");
      tf.setBackend("wasm").then(() => {
        const matrix = tf.tensor2d([[1, 2], [3, 4]]);
        console.log(tf.getBackend(), String(tf.matMul(matrix, matrix).dataSync()));
      });
    """

    answer = _run(node.program, "--eval", program, NODE_PATH=node.modules)

    assert answer.stdout == "wasm 7,10,15,22\n", answer.stderr


def test_interrupted_set_up_of_npm_packages_is_repaired_by_the_next(project_with_node: Path):
    venv = project_with_node / ".venv"
    # Both folders as a kill may leave them.
    shutil.rmtree(venv / "node" / "node_modules" / "@tensorflow" / "tfjs-core")
    (venv / ".node-unfinished" / "node_modules").mkdir(parents=True)
    (venv / ".node").unlink()

    answer = _make(project_with_node, "node")

    assert answer.returncode == 0, answer.stderr
    assert not (venv / ".node-unfinished").exists()
    assert (venv / "node" / "node_modules" / "@tensorflow" / "tfjs-core" / "package.json").exists()


def test_npm_package_that_differs_from_its_hash_is_refused_and_the_old_ones_stay(
    project_with_node: Path,
):
    lock = project_with_node / "requirements" / "node" / "package-lock.json"
    right = lock.read_text()
    lock.write_text(re.sub('"sha512-.{8}', '"sha512-AAAAAAAA', right))

    answer = _make(project_with_node, "node")

    assert answer.returncode != 0
    assert "EINTEGRITY" in answer.stderr
    assert "npm could not install what requirements/node locks" in answer.stderr
    assert find_node(project_with_node / ".venv")
    lock.write_text(right)
    assert _make(project_with_node, "--question", "node").returncode == 1
    assert _make(project_with_node, "node").returncode == 0


def test_environment_that_was_moved_is_made_anew(small_project: Path):
    moved = small_project.rename(small_project.with_name("moved"))

    assert _make(moved, "--question", ".venv/.pipeline").returncode == 1
    answer = _make(moved, ".venv/.pipeline")
    assert f"creating {moved}" in answer.stdout, answer.stderr
    command = moved / ".venv" / "bin" / "python"
    assert str(moved) in _run(command, "-c", "import sys; print(sys.prefix)").stdout
    moved.rename(small_project)
