"""What must start fast may not import TensorFlow, and what a docstring promises is so."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator

import pytest

from support.project import PROJECT

_PROMISE = re.compile(
    r"no TensorFlow|neither TensorFlow nor the network|standard library only|numpy only"
)
_LOAD = """
import sys
before = set(sys.modules)
import {module}
print(*{{name.partition(".")[0] for name in set(sys.modules) - before}} - {{"serving"}})
"""


def find_promises() -> Iterator[tuple[str, str]]:
    """Yields modules with what they promise; a package promises for all that is in it."""
    for path in sorted((PROJECT / "serving").rglob("*.py")):
        module = ".".join(path.relative_to(PROJECT).with_suffix("").parts)
        for file in {path, path.with_name("__init__.py")}:
            docstring = ast.get_docstring(ast.parse(file.read_text("utf-8"))) or ""
            for promise in _PROMISE.findall(" ".join(docstring.split())):
                yield module.removesuffix(".__init__"), promise


PROMISES = list(find_promises())


def breaches(promise: str, loaded: set[str]) -> set[str]:
    match promise:
        case "no TensorFlow":
            return loaded & {"tensorflow"}
        case "neither TensorFlow nor the network":
            return loaded & {"tensorflow", "socket"}
        case "numpy only":
            return loaded - sys.stdlib_module_names - {"numpy"}
        case _:
            return loaded - sys.stdlib_module_names


@pytest.mark.parametrize(
    "module",
    [
        "serving.client.digit_image",
        "serving.client.rest",
        "serving.inference.batching",
        "serving.inference.classification",
        "serving.json_messages.examples",
        "serving.json_messages.predict",
        "serving.models.config",
        "serving.models.manager",
        "serving.options",
        "serving.rest.path",
        "runners.commands.predict",
        "runners.commands.serve",
    ],
)
def test_module_imports_without_tensorflow(module: str):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(("module", "promise"), PROMISES)
def test_module_loads_no_more_than_its_docstring_promises(module: str, promise: str):
    answer = subprocess.run(
        [sys.executable, "-c", _LOAD.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
    )
    assert breaches(promise, set(answer.stdout.split())) == set()


def test_json_messages_and_models_promise_to_load_without_tensorflow():
    promised = {module for module, _ in PROMISES}
    for room in ("json_messages", "models"):
        for path in (PROJECT / "serving" / room).glob("*.py"):
            assert f"serving.{room}.{path.stem}".removesuffix(".__init__") in promised
