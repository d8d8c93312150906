"""The rules that hold the project together, read from its source."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.metadata import packages_distributions
from pathlib import Path

import click
import pytest

from runners.commands.main import main
from support.project import PROJECT

_MAY_IMPORT = {
    "benchmarks": {"runners", "pipeline", "components", "modules", "serving"},
    "runners": {"pipeline", "components", "modules", "serving"},
    "pipeline": {"components", "modules"},
    "components": {"modules"},
    "modules": set(),
    "serving": set(),
}
_COMMAND_LINES = {"benchmarks", "runners"}
_NOT_INSTALLED = {"benchmarks"}
# Edges that the layers do not name, each for a reason.
_ALSO_MAY_IMPORT = {
    # It asks a real model server, so it starts ours and speaks its protocol.
    "components/servability_validator": {"serving"},
}
# From the bytes inward. Each may import the files beside the rooms too, but for server.py, which
# puts the rooms together.
_ROOMS_OF_SERVING = {
    "rest": {"json_messages", "proto_messages", "inference", "models"},
    "grpc": {"proto_messages", "inference", "models"},
    "json_messages": set(),
    "proto_messages": {"inference", "models"},
    "inference": {"models"},
    "models": set(),
    "saved_model": {"proto_messages", "inference", "models"},  # it replays warmup requests
    "client": set(),
}
_BESIDE_THE_ROOMS = {"models"}
# A child process gets its parent's environment; nothing is read from it.
_PASSES_ENVIRONMENT_ON = {"components/servability_validator/serving_process.py"}
_FORBIDDEN_NAMES = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
_MAX_LINES = 250
_HEAVY = ("apache_beam", "keras", "ml_metadata", "tensorflow", "tfx")
_SHARED_BY_PLACES = {"pipeline_spec", "orchestration", "metadata"}
# Of the folders in `runners`. The four places where a pipeline runs do not know each other, so that
# each can be dropped.
_MAY_IMPORT_IN_RUNNERS = {
    "commands": {
        *("local", "airflow", "kubeflow", "vertex"),
        *_SHARED_BY_PLACES,
        *("datasets", "doctor", "schema"),
    },
    "local": _SHARED_BY_PLACES,
    "airflow": _SHARED_BY_PLACES,
    "kubeflow": _SHARED_BY_PLACES,
    "vertex": _SHARED_BY_PLACES,
    "pipeline_spec": {"orchestration", "metadata"},
    "orchestration": {"metadata"},
    "metadata": set(),
    "node": {"report", "orchestration", "metadata"},
    "report": set(),
    "schema": {"metadata"},
    "doctor": {"datasets"},
    "datasets": set(),
}
_IMPORT_CLICK = ("runners/commands/", "runners/node/__main__.py", "benchmarks/")
# Commands with so much below them that they have a folder.
_FOLDERS = {("compile",), ("submit",)}
# What answers at once, or runs where TensorFlow is not installed.
_LIGHT_MODULES = (
    "components.code_digest",
    "components.idx_example_gen.idx",
    "components.idx_example_gen.idx_folder",
    "components.idx_example_gen.source_files",
    "components.versioned_directory.rollback",
    "modules.features",
    "modules.hyperparameters",
    "modules.training.progress",
    "pipeline.config",
    "pipeline.config_sources",
    "pipeline.node_ids",
    "runners.commands.compile.group",
    "runners.commands.config",
    "runners.commands.data",
    "runners.commands.doctor",
    "runners.commands.main",
    "runners.commands.models",
    "runners.commands.rollback",
    "runners.commands.run",
    "runners.commands.schema",
    "runners.commands.submit.group",
    "runners.local.display",
    "runners.metadata.states",
    "runners.node.__main__",
    "runners.node.end",
    "runners.whole_file",
    "serving.json_messages.predict",
)


def _sources() -> list[Path]:
    return sorted(path for package in _MAY_IMPORT for path in (PROJECT / package).rglob("*.py"))


def _name(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def _syntax(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def _imported_modules(path: Path) -> Iterator[str]:
    """Yields the dotted names that a file imports, wherever in it the import stands."""
    for node in ast.walk(_syntax(path)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{_name(path)}: relative import"
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _allowed_packages(path: Path) -> set[str]:
    package = path.relative_to(PROJECT).parts[0]
    extra = [
        packages
        for folder, packages in _ALSO_MAY_IMPORT.items()
        if _name(path).startswith(f"{folder}/")
    ]
    return {package} | _MAY_IMPORT[package].union(*extra)


def _commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yields every command with the words that call it; those of a folder one by one."""
    for name in main.list_commands(None):
        command = main.get_command(None, name)
        yield (name,), command
        if (name,) in _FOLDERS:
            yield from (((name, each), inner) for each, inner in command.commands.items())


def test_every_top_level_package_has_its_place_in_the_layers():
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")}

    assert packages == set(_MAY_IMPORT)


def test_imports_flow_one_way():
    against_the_flow = [
        f"{_name(path)} imports {module}"
        for path in _sources()
        for module in _imported_modules(path)
        if module.partition(".")[0] in _MAY_IMPORT.keys() - _allowed_packages(path)
    ]

    assert against_the_flow == []


def test_imports_flow_one_way_in_runners():
    against_the_flow = [
        f"{_name(path)} imports {module}"
        for folder, others in _MAY_IMPORT_IN_RUNNERS.items()
        for path in (PROJECT / "runners" / folder).rglob("*.py")
        for module in _imported_modules(path)
        if module.startswith("runners.")
        and module.split(".")[1] in _MAY_IMPORT_IN_RUNNERS.keys() - others - {folder}
    ]

    assert against_the_flow == []


def test_every_folder_of_runners_has_its_place():
    folders = {path.parent.name for path in (PROJECT / "runners").glob("*/__init__.py")}

    assert folders == set(_MAY_IMPORT_IN_RUNNERS)


def test_a_command_stands_where_its_name_says():
    places = {words: command.callback.__module__ for words, command in _commands()}

    assert places == {
        words: f"runners.commands.{'.'.join(words)}{'.group' if words in _FOLDERS else ''}"
        for words in places
    }


def test_no_command_imports_another():
    modules = {command.callback.__module__ for _, command in _commands()}
    offenders = [
        f"{_name(path)} imports {module}"
        for path in (PROJECT / "runners" / "commands").rglob("*.py")
        if path.stem != "group"
        for module in _imported_modules(path)
        if module.rpartition(".")[0] in modules
    ]

    assert offenders == []


def test_only_command_lines_import_click():
    offenders = [
        _name(path)
        for path in _sources()
        if any(module.partition(".")[0] == "click" for module in _imported_modules(path))
        and not _name(path).startswith(_IMPORT_CLICK)
    ]

    assert offenders == []


def test_every_folder_of_serving_is_a_room_with_a_place():
    folders = {path.parent.name for path in (PROJECT / "serving").glob("*/__init__.py")}

    assert folders == set(_ROOMS_OF_SERVING)


def test_imports_in_serving_run_from_the_bytes_inward():
    offenders = []
    for path in _sources():
        package, *rooms, file = path.relative_to(PROJECT).parts
        if package != "serving" or (file == "server.py" and not rooms):
            continue
        [room] = rooms or [""]
        allowed = {room} | _ROOMS_OF_SERVING.get(room, _BESIDE_THE_ROOMS)
        forbidden = {*_ROOMS_OF_SERVING, "server"} - allowed
        offenders += [
            f"{_name(path)} imports {module}"
            for module in _imported_modules(path)
            if module.startswith("serving.") and module.split(".")[1] in forbidden
        ]

    assert offenders == []


def test_the_slow_tfx_v1_is_never_imported():
    offenders = [
        _name(path)
        for path in _sources()
        if any(f"{module}.".startswith("tfx.v1.") for module in _imported_modules(path))
    ]

    assert offenders == []


def test_packages_hold_a_docstring_and_nothing_else_in_init():
    offenders = [
        _name(path)
        for path in _sources()
        if path.name == "__init__.py"
        and not (len(_syntax(path).body) == 1 and ast.get_docstring(_syntax(path)))
    ]

    assert offenders == []


def test_every_folder_of_python_files_is_a_package():
    folders = {path.parent for path in _sources()}

    assert [_name(folder) for folder in folders if not (folder / "__init__.py").exists()] == []


def test_only_command_lines_read_the_environment():
    offenders = [
        f"{_name(path)}:{node.lineno} reads os.{node.attr}"
        for path in _sources()
        if path.relative_to(PROJECT).parts[0] not in _COMMAND_LINES
        for node in ast.walk(_syntax(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and _name(path) not in _PASSES_ENVIRONMENT_ON
    ]

    assert offenders == []


def test_files_are_named_for_what_they_hold():
    offenders = [_name(path) for path in _sources() if _FORBIDDEN_NAMES & set(path.stem.split("_"))]

    assert offenders == []


def test_files_are_short_enough_to_read_at_once():
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _sources()}

    assert {name: length for name, length in lengths.items() if length > _MAX_LINES} == {}


@pytest.mark.parametrize("module", _LIGHT_MODULES)
def test_light_module_loads_without_tensorflow(module: str):
    program = f"import sys, {module}; print(*(name for name in {_HEAVY} if name in sys.modules))"

    answer = subprocess.run(
        [sys.executable, "-P", "-c", program], capture_output=True, text=True, check=False
    )

    assert (answer.stdout.split(), answer.stderr, answer.returncode) == ([], "", 0)


def test_no_other_distribution_installs_packages_of_our_names():
    distributions = packages_distributions()
    installed = _MAY_IMPORT.keys() - _NOT_INSTALLED

    assert {name: set(distributions.get(name, [])) for name in installed} == {
        name: {"tfx-mnist"} for name in installed
    }
