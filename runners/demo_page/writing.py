"""Writes the folder of the demo: the page, TensorFlow.js and a model (no TensorFlow)."""

import base64
import hashlib
import html
import json
import os
import shutil
from collections.abc import Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import Any

from modules.features import PROBABILITIES_KEY

_STATIC = Path(__file__).with_name("static")
# The model server's page has them inside, since it is one file; here they stay files.
_SHARED_SCRIPTS = ("digit_image.js", "picture.js", "drawing.js")
_PAGE = "index.html"
_MANIFEST = "manifest.webmanifest"
_SERVICE_WORKER = "service_worker.js"
_MODEL = "model.json"

_PACKAGES = "@tensorflow"
# The newer JavaScript is a tenth smaller, and every browser with WebAssembly reads it. The backend
# in plain JavaScript is for those without, and nothing here needs it.
_LIBRARIES = (
    "tfjs-core/dist/tf-core.es2017.min.js",
    "tfjs-converter/dist/tf-converter.es2017.min.js",
    "tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js",
    # Without the one for threads: browsers have those only where the host sends headers for it.
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
)
# Of images in a batch: grey, and in three colours.
_GREY_RANK, _COLOUR_RANK = 3, 4
_COLOURS = 3


class DemoError(RuntimeError):
    """The demo cannot be written; the message says why."""


def write_demo(folder: Path, *, model: Path, node_modules: Path, title: str) -> None:
    """Writes a folder that any static host can serve, whole or not at all.

    Args:
      folder: Where it is to be; absent or empty.
      model: Folder with a graph model of TensorFlow.js, from images to `probabilities`.
      node_modules: Folder in which npm has installed TensorFlow.js.
      title: Heads the page.

    Raises:
      DemoError: There is something in the folder, the model has another form, or a file of
        TensorFlow.js is missing.
      OSError: The folder cannot be written.
    """
    folder = folder.resolve()
    _refuse_what_is_there(folder)
    files = {
        **_page_files(title),
        **{f"lib/{Path(name).name}": _read_library(node_modules, name) for name in _LIBRARIES},
        **{f"model/{name}": content for name, content in _model_files(model)},
    }
    files[_SERVICE_WORKER] = _service_worker(files.pop(_SERVICE_WORKER), files)
    _write_whole_folder(folder, files)


def _refuse_what_is_there(folder: Path) -> None:
    if not folder.exists():
        return
    if not folder.is_dir():
        received = "a file"
    elif any(folder.iterdir()):
        received = "a folder with files in it"
    else:
        return
    raise DemoError(
        f"{folder}: expected an empty folder or none, received {received}; name another one, or "
        "remove it first"
    )


def _page_files(title: str) -> dict[str, bytes]:
    files = {
        path.relative_to(_STATIC).as_posix(): path.read_bytes()
        for path in sorted(_STATIC.rglob("*"))
        if path.is_file()
    }
    for name in _SHARED_SCRIPTS:
        files[name] = resources.files("serving.rest").joinpath(name).read_bytes()
    files[_PAGE] = _fill(files[_PAGE], title=html.escape(title))
    files[_MANIFEST] = json.dumps({**json.loads(files[_MANIFEST]), "name": title}).encode()
    return files


def _read_library(node_modules: Path, name: str) -> bytes:
    path = node_modules / _PACKAGES / name
    try:
        return path.read_bytes()
    except OSError as error:
        raise DemoError(
            f"{path}: expected a file of TensorFlow.js, received {error.strerror}; install "
            f"{_PACKAGES}/{name.partition('/')[0]} with npm"
        ) from error


def _model_files(model: Path) -> Iterator[tuple[str, bytes]]:
    """Yields the files of a model with their names."""
    content = _read_model_file(model / _MODEL)
    try:
        described = json.loads(content)
        _check_signature(described["signature"])
        names = [name for group in described["weightsManifest"] for name in group["paths"]]
    except (KeyError, TypeError, ValueError) as error:
        raise DemoError(
            f"{model / _MODEL}: expected a graph model of TensorFlow.js that takes images, grey "
            f"or in three colours, and returns {PROBABILITIES_KEY}, received another file "
            f"({type(error).__name__}: {error}); convert the signature serve_images"
        ) from error
    yield _MODEL, content
    for name in names:
        yield name, _read_model_file(model / name)


def _check_signature(signature: Mapping[str, Any]) -> None:
    """Checks what the page relies on.

    Raises:
      KeyError: The description lacks something.
      ValueError: The model takes or returns something else.
    """
    shapes = {
        name: [int(dimension["size"]) for dimension in tensor["tensorShape"]["dim"]]
        for name, tensor in signature["inputs"].items()
    }
    [shape, *others] = shapes.values()
    is_coloured = len(shape) == _COLOUR_RANK and shape[-1] == _COLOURS
    if others or not (is_coloured or len(shape) == _GREY_RANK) or min(shape[1:]) < 1:
        raise ValueError(f"its inputs are {shapes}")
    if PROBABILITIES_KEY not in signature["outputs"]:
        raise ValueError(f"its outputs are {list(signature['outputs'])}")


def _read_model_file(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise DemoError(
            f"{path}: expected a file of the model, received {error.strerror}; convert the model "
            "again"
        ) from error


def _service_worker(template: bytes, files: Mapping[str, bytes]) -> bytes:
    """Returns the script that keeps `files` on the device, by a version of their content."""
    # The page by the name of the folder: some hosts redirect index.html there, and a browser shows
    # no page from its cache that came by a redirect.
    digests = json.dumps(
        {"" if name == _PAGE else name: _digest(files[name]) for name in sorted(files)}
    )
    version = hashlib.sha256(digests.encode()).hexdigest()[:16]
    return _fill(template, files=digests, version=version)


def _digest(content: bytes) -> str:
    """Returns the digest in the form of a browser's `integrity`."""
    return f"sha256-{base64.b64encode(hashlib.sha256(content).digest()).decode()}"


def _fill(template: bytes, **values: str) -> bytes:
    text = template.decode()
    for name, value in values.items():
        text = text.replace(f"{{{{{name}}}}}", value)
    return text.encode()


def _write_whole_folder(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.parent.mkdir(parents=True, exist_ok=True)
    # Hidden, and with the process, so that two writers do not take each other's folder.
    temporary = folder.with_name(f".{folder.name}.{os.getpid()}.tmp")
    try:
        for name, content in files.items():
            path = temporary / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        # An empty folder makes place; one that has been filled meanwhile does not.
        temporary.rename(folder)
    finally:
        shutil.rmtree(temporary, ignore_errors=True)  # it is still there if something failed
