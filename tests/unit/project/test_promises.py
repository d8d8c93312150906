"""What docstrings promise of imports is so: no module loads more than it says."""

import ast
import subprocess
import sys
from collections.abc import Callable
from functools import cache

import pytest

from support.project import PROJECT

_OWN = ("benchmarks", "components", "modules", "pipeline", "runners", "serving")
_TENSORFLOW = {"apache_beam", "keras", "ml_metadata", "tensorflow", "tfx"}


def _others_than(*allowed: str) -> Callable[[set[str]], set[str]]:
    return lambda loaded: loaded - sys.stdlib_module_names - {*_OWN, *allowed}


def _any_of(*forbidden: str) -> Callable[[set[str]], set[str]]:
    return lambda loaded: loaded & set(forbidden)


# The words of a docstring, and what of the loaded modules breaks them.
_PROMISES = {
    "standard library only": _others_than(),
    # With the types that numpy has not, such as bfloat16.
    "numpy only": _others_than("numpy", "ml_dtypes"),
    "no TensorFlow": _any_of(*_TENSORFLOW),
    "ML Metadata, but no TensorFlow": _any_of(*_TENSORFLOW - {"ml_metadata"}),
    "neither TensorFlow nor the network": _any_of(*_TENSORFLOW, "socket"),
    "no kfp needed": _any_of("kfp"),
    "no ML Metadata needed": _any_of("ml_metadata"),
}
# Imports one module after the other, and prints what each has loaded that was not there before.
_LOAD = """
import importlib, sys
before = set(sys.modules)
for module in sys.argv[1:]:
    importlib.import_module(module)
    print(module, *{name.partition(".")[0] for name in set(sys.modules) - before})
    before |= set(sys.modules)
"""


@cache
def _docstrings() -> dict[str, str]:
    """Returns the docstring of each module, behind those of the packages that it is in."""
    own = {
        path: " ".join((ast.get_docstring(ast.parse(path.read_text("utf-8"))) or "").split())
        for package in _OWN
        for path in sorted((PROJECT / package).rglob("*.py"))
    }
    docstrings = {}
    for path, docstring in own.items():
        name = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        packages = [own.get(parent / "__init__.py", "") for parent in path.parents]
        docstrings[name.removesuffix(".__init__")] = " ".join([*reversed(packages), docstring])
    return docstrings


def _modules_that_promise(promise: str) -> list[str]:
    """Returns the modules whose docstring, or that of a package around them, has these words."""
    return [name for name, docstring in _docstrings().items() if f"({promise})" in docstring]


@pytest.mark.parametrize("promise", _PROMISES)
def test_no_module_loads_more_than_its_docstring_promises(promise: str):
    modules = _modules_that_promise(promise)

    answer = subprocess.run(
        [sys.executable, "-P", "-c", _LOAD, *modules], capture_output=True, text=True, check=False
    )

    assert (answer.stderr, answer.returncode) == ("", 0)
    loaded = {line.split()[0]: set(line.split()[1:]) for line in answer.stdout.splitlines()}
    assert list(loaded) == modules
    breaches = {module: _PROMISES[promise](names) for module, names in loaded.items()}
    assert {module: names for module, names in breaches.items() if names} == {}


def test_what_must_answer_at_once_promises_to_load_without_tensorflow():
    promised = {module for promise in _PROMISES for module in _modules_that_promise(promise)}

    assert promised >= {
        "components.code_digest",
        "components.data_sets.checking",
        "modules.hyperparameters",
        "modules.training.progress",
        "pipeline.config",
        "runners.commands.main",
        "runners.local.inputs",
        "runners.node.__main__",
        "runners.run_report.writing",
        "serving.json_messages.predict",
        "serving.models.manager",
    }


def test_every_promise_is_in_words_that_are_checked():
    """A docstring that says it in other words would go unchecked."""
    words = ("only)", "no tensorflow", "without tensorflow", "stdlib", "needed)")
    unchecked = [
        name
        for name, docstring in _docstrings().items()
        if any(word in docstring.lower() for word in words)
        and not any(f"({promise})" in docstring for promise in _PROMISES)
    ]

    assert unchecked == []
