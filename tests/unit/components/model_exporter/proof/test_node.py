"""Node and its packages are found, and what is wrong with them is said with its cure."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from components.model_exporter.proof.node import Node, NodeMissingError, find_node
from support.project import PROJECT

_WANTED = {"@tensorflow/tfjs-core": "4.22.0", "@tensorflow/tfjs-converter": "4.22.0"}


@pytest.fixture
def put_node(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Path]:
    """Returns a function that makes the only `node` on PATH, a script of these lines."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder))

    def put(script: str) -> Path:
        program = folder / "node"
        program.write_text(f"{script}\n")
        program.chmod(0o755)
        return program

    return put


@pytest.fixture
def environment(tmp_path: Path) -> Path:
    """An environment with both packages, as `make node` leaves it."""
    prefix = tmp_path / "an environment"
    _write_package(prefix / "node", {"dependencies": _WANTED})
    for name, version in _WANTED.items():
        _write_package(prefix / "node" / "node_modules" / name, {"version": version})
    return prefix


def _write_package(folder: Path, content: dict[str, object]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "package.json").write_text(json.dumps(content))


def _complaint(prefix: Path) -> str:
    with pytest.raises(NodeMissingError) as caught:
        find_node(prefix)
    return str(caught.value)


@pytest.mark.parametrize("version", ["18.0.0", "20.20.2", "25.0.0-nightly20251015"])
def test_node_with_its_packages_is_found(
    version: str, put_node: Callable[[str], Path], environment: Path
):
    program = put_node(f"#!/bin/sh\ntest $1 = --version && echo v{version}")

    modules = environment / "node" / "node_modules"
    assert find_node(environment) == Node(program, version, modules, _WANTED)


@pytest.mark.usefixtures("put_node")
def test_host_without_node_is_told_what_to_install(environment: Path):
    complaint = _complaint(environment)

    assert "expected Node 18 or later on PATH, received none" in complaint
    assert "sudo apt-get install nodejs npm" in complaint
    assert "sudo dnf install nodejs" in complaint
    assert complaint.endswith("make node")


@pytest.mark.parametrize("version", ["0.10.48", "17.9.1"])
def test_older_node_is_named_beside_the_version_it_should_have(
    version: str, put_node: Callable[[str], Path], environment: Path
):
    program = put_node(f"#!/bin/sh\necho v{version}")

    complaint = _complaint(environment)

    assert f"{program}: expected Node 18 or later, received {version}" in complaint
    assert "sudo apt-get install nodejs npm" in complaint


@pytest.mark.parametrize(
    ("script", "received"),
    [
        (
            "#!/bin/sh\necho 'libnode.so.115: no such file' >&2\necho more >&2\nexit 127",
            "libnode.so",
        ),
        ("#!/bin/sh\nexit 3", "exit code 3"),
        ("#!/bin/sh\necho v20.20.2\nexit 1", "v20.20.2"),
        ("#!/bin/sh\necho ham", "ham"),
        ("#!/no/such/interpreter", "No such file or directory"),
    ],
)
def test_node_that_does_not_run_is_told_in_its_own_words(
    script: str, received: str, put_node: Callable[[str], Path], environment: Path
):
    program = put_node(script)

    complaint = _complaint(environment)

    assert f"{program} --version: expected a version such as v20.20.2, received" in complaint
    assert received in complaint
    assert "more" not in complaint
    assert complaint.endswith("make node")


def test_environment_without_the_packages_is_named(put_node: Callable[[str], Path], tmp_path: Path):
    put_node("#!/bin/sh\necho v20.20.2")

    complaint = _complaint(tmp_path)

    assert complaint == (
        f"{tmp_path}/node: expected the npm packages of requirements/node, received none; "
        "add them: make node"
    )


def test_each_package_of_another_version_is_named(
    put_node: Callable[[str], Path], environment: Path
):
    put_node("#!/bin/sh\necho v20.20.2")
    modules = environment / "node" / "node_modules" / "@tensorflow"
    _write_package(modules / "tfjs-core", {"version": "4.21.0"})
    (modules / "tfjs-converter" / "package.json").unlink()

    complaint = _complaint(environment)

    assert "expected @tensorflow/tfjs-core 4.22.0, received 4.21.0" in complaint
    assert "expected @tensorflow/tfjs-converter 4.22.0, received none" in complaint
    assert complaint.endswith("make node")


@pytest.mark.parametrize("content", ["", '{"version": "4.2', "[]", "\0"])
def test_damaged_package_counts_as_missing(
    content: str, put_node: Callable[[str], Path], environment: Path
):
    put_node("#!/bin/sh\necho v20.20.2")
    package = environment / "node" / "node_modules" / "@tensorflow" / "tfjs-core"
    (package / "package.json").write_text(content)

    assert "expected @tensorflow/tfjs-core 4.22.0, received none" in _complaint(environment)


def test_oldest_node_is_the_one_that_the_packages_are_locked_for(
    put_node: Callable[[str], Path], environment: Path
):
    package = json.loads((PROJECT / "requirements" / "node" / "package.json").read_text())
    (oldest,) = re.findall(r"^>=(\d+)$", package["engines"]["node"])

    put_node(f"#!/bin/sh\necho v{oldest}.0.0")
    assert find_node(environment)
    put_node(f"#!/bin/sh\necho v{int(oldest) - 1}.99.0")
    assert f"expected Node {oldest} or later" in _complaint(environment)
