"""Other data than MNIST, by configuration alone: from their files to a served model."""

import json
import re
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from support.data_sets.files import write_archive, write_idx_files, write_pictures
from support.data_sets.patterns import Rows, draw_rows
from support.serving.process import ServeProcess
from support.workspaces import Workspace

_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_PETS = ("cat", "dog", "owl", "red fox")
# Of EMNIST's balanced set: lower case only where it is not the capital, but smaller.
_SIGNS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabdefghnqrt"
_MAPPING = "emnist-balanced-mapping.txt"
_NUM_ASKED = 4


@dataclass(frozen=True)
class _DataSet:
    """A data set that is not MNIST.

    Attributes:
      image_shape: Of each image.
      names: Of the classes.
      settings: All that its user configures.
      write: Makes its files in a folder.
    """

    image_shape: tuple[int, ...]
    names: tuple[str, ...]
    settings: tuple[str, ...]
    write: Callable[[Path, Rows, Rows], None]


def _write_transposed(folder: Path, train: Rows, test: Rows) -> None:
    transposed = [Rows(rows.images.swapaxes(1, 2), rows.labels) for rows in (train, test)]
    write_idx_files(folder, *transposed, prefix="emnist-balanced-")
    # EMNIST's archive has more than one set.
    write_idx_files(folder, *transposed, prefix="emnist-mnist-")
    lines = (f"{label} {ord(sign)}\n" for label, sign in enumerate(_SIGNS))
    (folder / _MAPPING).write_text("".join(lines))


_DATA_SETS = {
    "fashion": _DataSet(
        (28, 28), _CLOTHES, (f"data.class_names=[{', '.join(_CLOTHES)}]",), write_idx_files
    ),
    "pictures": _DataSet(
        (32, 32, 3),
        _PETS,
        (
            "data.format=images",
            *("data.height=32", "data.width=32", "data.channels=3"),
            f"data.class_names=[{', '.join(_PETS)}]",
        ),
        lambda folder, train, test: write_pictures(folder, train, test, names=_PETS),
    ),
    "archive": _DataSet(
        (28, 28),
        tuple(map(str, range(10))),
        ("data.format=npz",),
        lambda folder, train, test: write_archive(folder / "mnist.npz", train, test),
    ),
    "transposed": _DataSet(
        (28, 28),
        tuple(_SIGNS),
        (
            *("data.name=balanced", "data.transpose=true", "data.num_classes=47"),
            f"data.class_names_path=data/transposed/{_MAPPING}",
        ),
        _write_transposed,
    ),
}


def _ask(workspace: Workspace, url: str, *arguments: str) -> list[dict[str, Any]]:
    """Returns the answers of `tfx-mnist predict`."""
    model = f"--model_name={workspace.root.name}"
    answer = workspace.tfx_mnist("predict", "--url", url, model, "--json", *arguments)
    assert answer.returncode == 0, answer.stderr
    return json.loads(answer.stdout)


@pytest.mark.parametrize("name", _DATA_SETS)
def test_other_data_come_to_a_served_model_by_configuration_alone(
    name: str,
    make_workspace: Callable[..., Workspace],
    serve_process: Callable[..., ServeProcess],
    tmp_path: Path,
):
    workspace = make_workspace(num_train=10, num_test=10)
    data = _DATA_SETS[name]
    num_classes = len(data.names)
    train, test = (
        draw_rows(data.image_shape, num_classes=num_classes, rows_per_class=rows, seed=seed)
        for seed, rows in ((1, max(60, 1200 // num_classes)), (2, 12))
    )
    data.write(workspace.folder / "data" / name, train, test)

    run = workspace.run(
        *("schema_path=data/schema/images.pbtxt", f"data_root=data/{name}"),
        # Many small steps, so that the averages of so few rows are learned, too.
        *("training.epochs=6", "training.batch_size_per_replica=16", "thresholds.accuracy=0.6"),
        *data.settings,
    )

    assert run.exit_code == 0, run.output
    assert re.search(rf"accuracy +label 1{_in_brackets(data.names[1])} ", run.output), run.output
    server = serve_process(
        "--model_name=tfx-mnist", f"--model_base_path={workspace.serving_model_dir}"
    )
    pictures = [str(tmp_path / f"{number}.png") for number in range(_NUM_ASKED)]
    for image, path in zip(test.images, pictures, strict=False):
        Image.fromarray(image).save(path)
    for url in (server.url, f"grpc://{server.grpc_address}"):
        # Patterns are not ink on paper, which is searched for in pictures of signs.
        answers = _ask(workspace, url, "--raw", *pictures)
        assert [len(answer["probabilities"]) for answer in answers] == [num_classes] * _NUM_ASKED
        labels = test.labels[:_NUM_ASKED].tolist()
        assert [answer["class"] for answer in answers] == labels
        assert [answer["class_name"] for answer in answers] == [data.names[n] for n in labels]


def _in_brackets(name: str) -> str:
    """Returns how a class is named beside its number, as a pattern."""
    return "" if name.isdecimal() else re.escape(f" ({name})")


def test_the_examples_of_one_pipeline_are_tfrecords_for_another(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=2000, num_test=400)
    first = workspace.run()
    [examples] = workspace.root.glob("IdxExampleGen/examples/*")
    for split in ("train", "eval", "test"):
        shutil.copytree(examples / f"Split-{split}", workspace.folder / "records" / split)

    other = workspace.tfx_mnist(
        "run",
        *workspace.arguments("data.format=tfrecord", "data_root=records", "pipeline_name=other"),
    )

    outcome = json.loads((workspace.folder / "runs" / "other" / "run.json").read_text())
    assert first.exit_code == other.returncode == 0, other.stdout + other.stderr
    assert outcome["metrics"].keys() == first.outcome["metrics"].keys()
    assert (workspace.folder / "serving_model" / "other" / outcome["pushed_version"]).is_dir()


def test_folders_without_records_are_refused_before_anything_is_loaded(
    make_workspace: Callable[..., Workspace],
):
    workspace = make_workspace(num_train=10, num_test=10)
    (workspace.folder / "records" / "train").mkdir(parents=True)

    run = workspace.run("data.format=tfrecord", "data_root=records")

    assert run.exit_code == 1
    assert "expected TFRecords in the folders train, eval, test" in run.output
    assert "none in train" in run.output
    assert "loading TensorFlow" not in run.output
