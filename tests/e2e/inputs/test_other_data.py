"""Other data than MNIST, by configuration alone: from their files to a served model."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from support.data_sets.files import write_archive, write_idx_files, write_pictures
from support.data_sets.patterns import Rows, draw_rows
from support.workspaces import Workspace

_CLOTHES = (
    *("T-shirt/top", "Trouser", "Pullover", "Dress", "Coat"),
    *("Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot"),
)
_PETS = ("cat", "dog", "owl", "red fox")


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
        tuple(map(str, range(47))),
        ("data.name=balanced", "data.transpose=true", "data.num_classes=47"),
        _write_transposed,
    ),
}


@pytest.mark.parametrize("name", _DATA_SETS)
def test_other_data_come_to_a_pushed_model_by_configuration_alone(
    make_workspace: Callable[..., Workspace], name: str
):
    workspace = make_workspace(num_train=10, num_test=10)
    data = _DATA_SETS[name]
    num_classes = len(data.names)
    train, test = (
        draw_rows(data.image_shape, num_classes=num_classes, rows_per_class=rows, seed=seed)
        for seed, rows in ((1, max(60, 1200 // num_classes)), (2, 12))
    )
    data.write(workspace.folder / "data" / name, train, test)
    settings = (
        *("schema_path=data/schema/images.pbtxt", f"data_root=data/{name}"),
        *("thresholds.accuracy=0.95", "thresholds.class_accuracy=0.5", "training.epochs=4"),
        *data.settings,
    )

    run = workspace.run(*settings)

    assert run.exit_code == 0, run.output
    assert run.outcome["metrics"]["accuracy"] >= 0.95
    version = workspace.serving_model_dir / run.outcome["pushed_version"]
    assert (version / "saved_model.pb").exists()
