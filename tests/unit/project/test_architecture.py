"""The rules that hold the project together, read from its source. Each says why it is there."""

import ast
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from importlib.metadata import packages_distributions
from pathlib import Path

import click

from runners.commands.main import main
from support.project import PROJECT

Edges = Mapping[str, AbstractSet[str]]

# What each top-level package may import of the others.
_LAYERS: Edges = {
    "benchmarks": {"runners", "pipeline", "components", "modules", "serving"},
    "runners": {"pipeline", "components", "modules", "serving"},
    "pipeline": {"components", "modules"},
    "components": {"modules"},
    "modules": set(),
    "serving": set(),
}
_SHARED_BY_PLACES = {"pipeline_spec", "orchestration", "run_report", "metadata"}
# The same within `runners`: what each folder may import of the others.
_FOLDERS_OF_RUNNERS: Edges = {
    "commands": {
        *("local", "airflow", "kubeflow", "vertex"),
        *_SHARED_BY_PLACES,
        *("datasets", "demo_page", "doctor", "exports", "schema", "terminal", "tensorboard"),
    },
    "local": {*_SHARED_BY_PLACES, "terminal"},
    "airflow": _SHARED_BY_PLACES,
    "kubeflow": _SHARED_BY_PLACES,
    "vertex": _SHARED_BY_PLACES,
    "pipeline_spec": {"orchestration", "metadata"},
    "orchestration": {"metadata"},
    "run_report": {"orchestration", "metadata"},
    "terminal": {"metadata"},
    "tensorboard": {"run_report", "metadata"},
    "metadata": set(),
    "node": {"report", "orchestration", "metadata"},
    "report": {"metadata"},
    "schema": {"metadata"},
    "exports": {"metadata"},
    "doctor": {"datasets"},
    "datasets": set(),
    "demo_page": set(),
}
# The same within `serving`; what stands beside the folders may be imported by all of them.
_FOLDERS_OF_SERVING: Edges = {
    "rest": {"json_messages", "proto_messages", "inference", "models"},
    "grpc": {"proto_messages", "inference", "models"},
    "json_messages": set(),
    "proto_messages": {"inference", "models"},
    "inference": {"models"},
    "models": set(),
    "saved_model": {"proto_messages", "inference", "models"},  # it replays warmup requests
    "client": set(),
}
_BESIDE_THE_FOLDERS_OF_SERVING = {"models"}
_PUTS_SERVING_TOGETHER = "serving/server.py"

_COMMAND_LINES = {"benchmarks", "runners"}
_NOT_INSTALLED = {"benchmarks"}
# A child process gets its parent's environment; nothing is read from it.
_PASSES_ENVIRONMENT_ON = {
    "components/child_process.py",
    "modules/distribution/processes/launch.py",
}
# What leads to a server, and who vouches for it, a machine tells all of its HTTP clients so.
_READ_WHAT_HTTP_CLIENTS_READ = {"serving/client/certificates.py", "serving/client/proxies.py"}
# TensorFlow itself reads TF_CONFIG, and platforms set it: who trains together is known nowhere else
# where a process of a training starts.
_READS_TF_CONFIG = "modules/distribution/cluster.py"
_IMPORT_CLICK = (
    *("runners/commands/", "benchmarks/"),
    *("runners/node/__main__.py", "runners/run_report/__main__.py"),
)
# Commands with so much below them that they have a folder.
_GROUPS = {("compile",), ("submit",)}
_FORBIDDEN_NAMES = {"base", "common", "helper", "helpers", "misc", "util", "utils"}
_MAX_LINES = 250
_MAX_FILES = 15
_MAY_HOLD_MORE_FILES = {"runners/commands"}  # as many as there are commands


def _sources() -> list[Path]:
    return sorted(path for package in _LAYERS for path in (PROJECT / package).rglob("*.py"))


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


def _files_that_import(is_forbidden: Callable[[Path, str], bool]) -> list[str]:
    return [
        f"{_name(path)} imports {module}"
        for path in _sources()
        for module in _imported_modules(path)
        if is_forbidden(path, module)
    ]


def _folders(package: str) -> set[str]:
    return {path.parent.name for path in (PROJECT / package).glob("*/__init__.py")}


def _imports_against(package: str, edges: Edges, beside: AbstractSet[str]) -> list[str]:
    """Returns what folders of a package import of the others, and may not.

    Args:
      package: The package.
      edges: What each folder may import.
      beside: What the files beside the folders may import.
    """

    def is_forbidden(path: Path, module: str) -> bool:
        first, *folders, _ = path.relative_to(PROJECT).parts
        if first != package or not module.startswith(f"{package}."):
            return False
        folder = folders[0] if folders else ""
        other = module.split(".")[1]
        return other in edges.keys() - {folder} and other not in edges.get(folder, beside)

    return _files_that_import(is_forbidden)


def _commands() -> Iterator[tuple[tuple[str, ...], click.Command]]:
    """Yields every command with the words that call it; those of a group one by one."""
    for name in main.list_commands(None):
        command = main.get_command(None, name)
        yield (name,), command
        if (name,) in _GROUPS:
            yield from (((name, each), inner) for each, inner in command.commands.items())


def test_every_folder_has_its_place_in_the_layers():
    why = "a folder without a place may import, and be imported by, anybody"
    packages = {path.parent.name for path in PROJECT.glob("*/__init__.py")}

    assert packages == set(_LAYERS), why
    assert _folders("runners") == set(_FOLDERS_OF_RUNNERS), why
    assert _folders("serving") == set(_FOLDERS_OF_SERVING), why


def test_imports_flow_one_way():
    def is_forbidden(path: Path, module: str) -> bool:
        package = path.relative_to(PROJECT).parts[0]
        return module.partition(".")[0] in _LAYERS.keys() - {package} - _LAYERS[package]

    assert _files_that_import(is_forbidden) == [], (
        "runners -> pipeline -> components -> modules: whoever edits the model need know nothing "
        "of orchestrators, and serving can be taken to another project as it is"
    )


def test_imports_flow_one_way_in_runners():
    assert _imports_against("runners", _FOLDERS_OF_RUNNERS, beside=set()) == [], (
        "a place to run is dropped by deleting its folder and its command files: so the four never "
        "import each other, and what they share stands below them"
    )


def test_imports_in_serving_run_from_the_bytes_inward():
    against_the_flow = _imports_against(
        "serving", _FOLDERS_OF_SERVING, _BESIDE_THE_FOLDERS_OF_SERVING
    )

    assert [
        line for line in against_the_flow if not line.startswith(_PUTS_SERVING_TOGETHER)
    ] == [], (
        "inference answers in whatever protocol and format a request came: REST and gRPC stand "
        "side by side, and a third can be added beside them"
    )


def test_a_command_stands_where_its_name_says():
    places = {words: command.callback.__module__ for words, command in _commands()}

    assert places == {
        words: f"runners.commands.{'.'.join(words)}{'.group' if words in _GROUPS else ''}"
        for words in places
    }, "whoever knows a command finds its file"


def test_no_command_imports_another():
    modules = {command.callback.__module__ for _, command in _commands()}

    def is_forbidden(path: Path, module: str) -> bool:
        is_command = _name(path).startswith("runners/commands/") and path.stem != "group"
        return is_command and module.rpartition(".")[0] in modules

    assert _files_that_import(is_forbidden) == [], "what two commands need has a file of its own"


def test_only_command_lines_import_click():
    def is_forbidden(path: Path, module: str) -> bool:
        is_command_line = _name(path).startswith(_IMPORT_CLICK)
        return module.partition(".")[0] == "click" and not is_command_line

    assert _files_that_import(is_forbidden) == [], (
        "options, printing and exit codes are a command's; the work below can be called and tested "
        "without a command line"
    )


def test_one_console_is_made_for_all_commands():
    def is_forbidden(path: Path, module: str) -> bool:
        is_console = module in {"rich.console.Console", "rich.get_console", "rich.print"}
        makes_one = re.search(r"\bConsole\(", path.read_text("utf-8"))
        return is_console and bool(makes_one) and _name(path) != "runners/terminal/console.py"

    assert _files_that_import(is_forbidden) == [], (
        "make_console knows what terminals, pipes and files take, and takes text as it is"
    )


def test_the_slow_tfx_v1_is_never_imported():
    assert _files_that_import(lambda _, module: f"{module}.".startswith("tfx.v1.")) == [], (
        "tfx.v1 brings Google's clients with it, which costs seconds in every process"
    )


def test_packages_hold_a_docstring_and_nothing_else_in_init():
    offenders = [
        _name(path)
        for path in _sources()
        if path.name == "__init__.py"
        and not (len(_syntax(path).body) == 1 and ast.get_docstring(_syntax(path)))
    ]

    assert offenders == [], (
        "it says what the folder is for; an import in it would be paid by whoever imports any file"
    )


def test_every_folder_of_python_files_is_a_package():
    folders = {path.parent for path in _sources()}

    assert [_name(folder) for folder in folders if not (folder / "__init__.py").exists()] == [], (
        "setup.py packs packages only: Beam's workers would lack the folder"
    )


def test_only_command_lines_read_the_environment():
    offenders = [
        f"{_name(path)}:{node.lineno} reads os.{node.attr}"
        for path in _sources()
        if path.relative_to(PROJECT).parts[0] not in _COMMAND_LINES
        for node in ast.walk(_syntax(path))
        if isinstance(node, ast.Attribute)
        and node.attr in {"environ", "getenv"}
        and _name(path)
        not in {*_PASSES_ENVIRONMENT_ON, *_READ_WHAT_HTTP_CLIENTS_READ, _READS_TF_CONFIG}
    ]

    assert offenders == [], "what changes a run stands in its configuration, which is recorded"


def test_of_modules_only_the_members_of_a_training_run_as_programs():
    programs = [
        _name(path)
        for path in sorted((PROJECT / "modules").rglob("*.py"))
        if '__name__ == "__main__"' in path.read_text("utf-8")
    ]

    assert programs == [
        "modules/distribution/pods/member.py",
        "modules/distribution/processes/member.py",
    ], "modules are called by TFX; the processes of one training alone have nobody to call them"


def test_files_are_named_for_what_they_hold():
    offenders = [_name(path) for path in _sources() if _FORBIDDEN_NAMES & set(path.stem.split("_"))]

    assert offenders == [], "a name that fits everything attracts everything"


def test_files_are_short_enough_to_read_at_once():
    lengths = {_name(path): len(path.read_text("utf-8").splitlines()) for path in _sources()}

    assert {name: length for name, length in lengths.items() if length > _MAX_LINES} == {}, (
        "a longer file has more than one job"
    )


def test_folders_are_small_enough_to_see_at_once():
    files = Counter(
        _name(path.parent)
        for path in (*_sources(), *(PROJECT / "tests").rglob("*.py"))
        if path.name != "__init__.py"
    )

    assert {
        folder: count
        for folder, count in files.items()
        if count > _MAX_FILES and folder not in _MAY_HOLD_MORE_FILES
    } == {}, "a newcomer lists a folder and knows where to go"


def test_no_other_distribution_installs_packages_of_our_names():
    distributions = packages_distributions()
    installed = _LAYERS.keys() - _NOT_INSTALLED

    assert {name: set(distributions.get(name, [])) for name in installed} == {
        name: {"tfx-mnist"} for name in installed
    }, "which of two packages of one name is imported depends on the order of installation"
