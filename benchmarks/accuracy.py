"""What accuracy on MNIST costs: each preset, and two models of others, from several seeds.

    .venv/bin/python -m benchmarks.accuracy [--seeds 5] [--results FILE.jsonl] [--plot FILE.svg]

Every training has a process of its own, and a line in the file of results as soon as it has ended:
started again, this goes on where it was. What has changed since, such as a preset, is trained anew.
Presets were chosen by the eval split, which is held out of the train files; the test split is only
looked at here.
"""

import hashlib
import json
import os
import platform
import statistics
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from multiprocessing import get_context
from pathlib import Path

import click

from benchmarks.measuring.plots import write_plot
from benchmarks.measuring.tfx_mnist import call
from benchmarks.training import Data, Training, train_dense, train_keras_convnet, train_preset
from components.code_digest import code_digest
from components.run_report.charts.points import Points, draw_points
from modules.hyperparameters import PRESETS

_RESULTS = Path(__file__).with_suffix(".jsonl")
_LEGEND_LEFT = 200  # between what is trained for seconds and what is for minutes
_CONVNET, _DENSE = "keras.io's convnet", "two dense layers"


@dataclass(frozen=True, kw_only=True)
class _Result:
    """One training.

    Attributes:
      name: What was trained.
      seed: From which seed.
      digest: Of the settings and code that it was trained with.
      machine: Where.
      day: When, as 2026-11-29.
      training: What came of it.
    """

    name: str
    seed: int
    digest: str
    machine: str
    day: str
    training: Training


@click.command()
@click.option("--seeds", default=5, show_default=True, help="Trainings of each.")
@click.option("--results", type=click.Path(dir_okay=False, path_type=Path), default=_RESULTS)
@click.option("--plot", type=click.Path(dir_okay=False, path_type=Path), help="SVG to draw in.")
def main(seeds: int, results: Path, plot: Path | None) -> None:
    """Train what is missing in the results, and print a Markdown table of all."""
    digests = _list_digests()
    wanted = [(name, seed) for seed in range(1, seeds + 1) for name in digests]
    done = _read(results, digests)
    if missing := [each for each in wanted if each not in done]:
        with tempfile.TemporaryDirectory() as folder:
            data = _prepare(Path(folder))
            for name, seed in missing:
                result = _Result(
                    name=name,
                    seed=seed,
                    digest=digests[name],
                    machine=f"{platform.platform()}, {os.cpu_count()} cores",
                    day=datetime.now(UTC).date().isoformat(),
                    training=_train(name, seed, data),
                )
                done[name, seed] = result.training
                with results.open("a") as file:
                    file.write(json.dumps(asdict(result)) + "\n")
    trainings = {name: [done[name, seed] for seed in range(1, seeds + 1)] for name in digests}
    print(_render(trainings))
    if plot:
        _draw(trainings, plot)


def _list_digests() -> dict[str, str]:
    """Returns what is trained, each with the digest of all that it depends on but the seed."""
    ours = code_digest("modules.trainer")
    theirs = hashlib.sha256(Path(__file__).with_name("training.py").read_bytes()).hexdigest()[:16]
    presets = {
        name: f"{ours} {preset.model_dump_json(exclude={'seed'})}"
        for name, preset in PRESETS.items()
    }
    return {**presets, _CONVNET: theirs, _DENSE: theirs}


def _read(path: Path, digests: Mapping[str, str]) -> dict[tuple[str, int], Training]:
    """Returns the trainings of an earlier start that are still what is wanted."""
    if not path.exists():
        return {}
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    return {
        (row["name"], row["seed"]): Training(**row["training"])
        for row in rows
        if row["digest"] == digests.get(row["name"])
    }


def _prepare(folder: Path) -> Data:
    """Runs the pipeline, whose Trainer reads what others made."""
    call(folder, "run", "--preset", "quick")
    [examples] = (folder / "root" / "IdxExampleGen" / "examples").iterdir()
    [graph] = (folder / "root" / "Transform" / "transform_graph").iterdir()
    return Data(examples=str(examples), transform_graph=str(graph))


def _train(name: str, seed: int, data: Data) -> Training:
    with ProcessPoolExecutor(1, get_context("spawn")) as processes:
        if name in PRESETS:
            hyperparameters = PRESETS[name].with_values({"seed": seed})
            return processes.submit(train_preset, hyperparameters, data).result()
        train = {_CONVNET: train_keras_convnet, _DENSE: train_dense}[name]
        return processes.submit(train, seed).result()


def _render(trainings: Mapping[str, Sequence[Training]]) -> str:
    lines = [
        "| | test accuracy: mean | least and most | eval accuracy | user CPU s | parameters |",
        "|---" * 6 + "|",
    ]
    for name, each in trainings.items():
        on_test, on_eval, seconds = (
            [getattr(training, field) for training in each]
            for field in ("test_accuracy", "eval_accuracy", "user_seconds")
        )
        lines.append(
            f"| {name} | {statistics.mean(on_test):.2%} | {min(on_test):.2%} to {max(on_test):.2%} "
            f"| {statistics.mean(on_eval):.2%} | {statistics.mean(seconds):.0f} "
            f"({min(seconds):.0f} to {max(seconds):.0f}) | {each[0].parameters:,} |"
        )
    return "\n".join(lines)


def _draw(trainings: Mapping[str, Sequence[Training]], path: Path) -> None:
    legend = dict(zip("abcde", trainings, strict=False))
    chart = draw_points(
        list(_list_points(trainings, legend)),
        title="Accuracy on the test split by CPU seconds of the training",
        x_label="user CPU s of a training; % of the test split",
        x_ticks=None,
    )
    write_plot(path, chart, legend, legend_left=_LEGEND_LEFT)


def _list_points(
    trainings: Mapping[str, Sequence[Training]], legend: Mapping[str, str]
) -> Iterator[Points]:
    for css, name in legend.items():
        places = [(each.user_seconds, 100 * each.test_accuracy) for each in trainings[name]]
        yield Points(name, places, css)


if __name__ == "__main__":
    main()
