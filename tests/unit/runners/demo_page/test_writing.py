"""Writing the folder of the demo."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from runners.demo_page.writing import DemoError, write_demo
from support.disks.small import files_limited_to

# What is copied of TensorFlow.js; of what is in them, writing the folder knows nothing.
LIBRARIES = (
    "tfjs-core/dist/tf-core.es2017.min.js",
    "tfjs-converter/dist/tf-converter.es2017.min.js",
    "tfjs-backend-wasm/dist/tf-backend-wasm.es2017.min.js",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm-simd.wasm",
    "tfjs-backend-wasm/dist/tfjs-backend-wasm.wasm",
)


def tensor(name: str, *sizes: int) -> dict[str, Any]:
    return {"name": name, "tensorShape": {"dim": [{"size": str(size)} for size in sizes]}}


def model_of(
    *, inputs: dict[str, Any] | None = None, outputs: dict[str, Any] | None = None
) -> dict[str, Any]:
    return {
        "signature": {
            "inputs": inputs or {"images": tensor("images:0", -1, 28, 28)},
            "outputs": outputs or {"probabilities": tensor("Identity:0", -1, 10)},
        },
        "weightsManifest": [{"paths": ["group1-shard1of1.bin"]}],
    }


@pytest.fixture
def node_modules(tmp_path: Path) -> Path:
    """Returns a folder with files of the names that TensorFlow.js has."""
    folder = tmp_path / "node_modules"
    for name in LIBRARIES:
        path = folder / "@tensorflow" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)
    return folder


@pytest.fixture
def write(tmp_path: Path, node_modules: Path) -> Callable[..., Path]:
    """Returns a function that writes a demo of a small model and returns its folder."""

    def write(
        name: str = "demo", *, title: str = "Digits", model: Any = None, weights: bytes = b"1234"
    ) -> Path:
        source = tmp_path / "model"
        source.mkdir(exist_ok=True)
        (source / "model.json").write_text(json.dumps(model_of() if model is None else model))
        (source / "group1-shard1of1.bin").write_bytes(weights)
        folder = tmp_path / "demos" / name
        write_demo(folder, model=source, node_modules=node_modules, title=title)
        return folder

    return write


def names(folder: Path) -> list[str]:
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*"))


def version(folder: Path) -> str:
    return re.findall(r'VERSION = "(\w+)"', (folder / "service_worker.js").read_text())[0]


def test_all_files_of_the_page_are_kept_for_offline_use(write: Callable[..., Path]):
    folder = write()

    files = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    listed = re.findall(r"FILES = (.*);", (folder / "service_worker.js").read_text())[0]
    # The page is asked for by the name of the folder; its worker is kept by the browser.
    assert json.loads(listed).keys() == files - {"index.html", "service_worker.js"} | {""}
    assert {"model/model.json", "lib/LICENSE.txt", "lib/tfjs-backend-wasm.wasm"} < files


def test_no_placeholder_is_left(write: Callable[..., Path]):
    folder = write()

    texts = [path.read_text() for path in folder.iterdir() if path.is_file()]
    assert len(texts) > 5
    assert not any("{{" in text for text in texts)


def test_equal_content_is_one_version_and_any_change_another(write: Callable[..., Path]):
    first = version(write("first"))

    assert version(write("second")) == first
    assert version(write("third", weights=b"4321")) != first
    assert version(write("fourth", title="Numbers")) != first


def test_a_title_is_text_whatever_is_in_it(write: Callable[..., Path]):
    title = "</title> & \"{{files}}\" \\ 'é'"

    folder = write(title=title)

    page = (folder / "index.html").read_text()
    assert "<title>&lt;/title&gt; &amp; &quot;{{files}}&quot; \\ &#x27;é&#x27;</title>" in page
    assert json.loads((folder / "manifest.webmanifest").read_text())["name"] == title


def test_an_empty_folder_is_filled(write: Callable[..., Path], tmp_path: Path):
    (tmp_path / "demos" / "demo").mkdir(parents=True)

    assert "index.html" in names(write())
    assert names(tmp_path / "demos")[0] == "demo"


def test_a_folder_with_something_in_it_is_left_as_it_is(write: Callable[..., Path], tmp_path: Path):
    folder = tmp_path / "demos" / "demo"
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine")

    with pytest.raises(DemoError) as error:
        write()

    assert str(error.value) == (
        f"{folder}: expected an empty folder or none, received a folder with files in it; name "
        "another one, or remove it first"
    )
    assert names(tmp_path / "demos") == ["demo", "demo/notes.txt"]


def test_a_file_in_the_place_of_the_folder_is_left_as_it_is(
    write: Callable[..., Path], tmp_path: Path
):
    (tmp_path / "demos").mkdir()
    (tmp_path / "demos" / "demo").write_text("mine")

    with pytest.raises(DemoError, match="received a file; name another one"):
        write()

    assert (tmp_path / "demos" / "demo").read_text() == "mine"


@pytest.mark.parametrize("library", LIBRARIES)
def test_without_a_file_of_tensorflow_js_nothing_is_written(
    write: Callable[..., Path], tmp_path: Path, node_modules: Path, library: str
):
    missing = node_modules / "@tensorflow" / library
    missing.unlink()

    with pytest.raises(DemoError) as error:
        write()

    package = library.partition("/")[0]
    assert str(error.value) == (
        f"{missing}: expected a file of TensorFlow.js, received No such file or directory; "
        f"install @tensorflow/{package} with npm"
    )
    assert not (tmp_path / "demos").exists()


@pytest.mark.parametrize(
    ("model", "received"),
    [
        ([], "TypeError"),
        ({"format": "layers-model"}, "KeyError: 'signature'"),
        (model_of(inputs={"examples": tensor("examples:0", -1)}), r"\{'examples': \[-1\]\}"),
        (model_of(inputs={"images": tensor("images:0", -1, 28, -1)}), r"\[-1, 28, -1\]"),
        (model_of(inputs={"images": tensor("images:0", -1, 28, 28, 4)}), r"\[-1, 28, 28, 4\]"),
        (
            model_of(inputs={name: tensor(f"{name}:0", -1, 28, 28) for name in ("one", "two")}),
            "its inputs are",
        ),
        (model_of(outputs={"logits": tensor("Identity:0", -1, 10)}), r"outputs are \['logits'\]"),
    ],
    ids=[
        "a list",
        "another format",
        "examples",
        "any size",
        "four colours",
        "two inputs",
        "logits",
    ],
)
def test_a_model_that_the_page_could_not_ask_is_refused(
    write: Callable[..., Path], tmp_path: Path, model: Any, received: str
):
    with pytest.raises(DemoError, match=received) as error:
        write(model=model)

    assert "convert the signature serve_images" in str(error.value)
    assert not (tmp_path / "demos").exists()


@pytest.mark.parametrize("size", [(28, 28), (28, 20), (32, 24, 3)])
def test_a_model_of_images_of_any_size_is_taken(write: Callable[..., Path], size: tuple[int, ...]):
    images = {"images": tensor("images:0", -1, *size)}

    assert "model/model.json" in names(write(model=model_of(inputs=images)))


def test_weights_that_are_missing_are_named(write: Callable[..., Path], tmp_path: Path):
    model = model_of() | {"weightsManifest": [{"paths": ["group1-shard2of2.bin"]}]}

    with pytest.raises(DemoError, match=r"group1-shard2of2\.bin: expected a file of the model"):
        write(model=model)

    assert not (tmp_path / "demos").exists()


def test_what_cannot_be_written_whole_is_not_written_at_all(
    write: Callable[..., Path], tmp_path: Path, node_modules: Path
):
    demos = write("first", weights=bytes(1_000_000)).parent

    with files_limited_to(100_000), pytest.raises(OSError, match="File too large"):
        write_demo(
            demos / "second", model=tmp_path / "model", node_modules=node_modules, title="Digits"
        )

    assert [path.name for path in demos.iterdir()] == ["first"]
