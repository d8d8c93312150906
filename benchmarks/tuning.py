"""What a search for hyperparameters finds on MNIST, what it costs, and whether a kill changes it.

    .venv/bin/python -m benchmarks.tuning [--trials 12] [--seeds 3]

The first search runs undisturbed. The second is on a root of its own and is killed at three random
moments. Then the whole pipeline trains with the present values and with the best, from each seed.
"""

import json
import os
import platform
import random
import statistics
import subprocess
import tempfile
import time
from collections.abc import Collection
from pathlib import Path
from typing import NamedTuple

import click

from benchmarks.measuring.process_tree import Usage
from benchmarks.measuring.tfx_mnist import call, make_command
from modules.training.history import SELECTED_BY
from modules.tuning.progress import show_value
from modules.tuning.trials import SEARCH_FILE, Search
from pipeline.node_ids import TUNER
from runners.local.outcome import DONE, NOT_BLESSED

_NUM_KILLS = 3


class _Result(NamedTuple):
    """How a training went: accuracies, and CPU seconds of the run."""

    on_eval: float
    on_test: float
    cpu_seconds: float


@click.command()
@click.option("--trials", default=12, show_default=True, help="Sets of values to try.")
@click.option("--seeds", default=3, show_default=True, help="Trainings with each set of values.")
@click.option("--moments", default=0, show_default=True, help="Seed of the moments of the kills.")
def main(trials: int, seeds: int, moments: int) -> None:
    """Search twice, train with what was found, and print Markdown tables."""
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        usage = _search(folder / "undisturbed", trials)
        search = _read_search(folder / "undisturbed")
        _print_search(search, usage)
        kills = _list_kills(usage.wall_seconds, random.Random(moments))  # noqa: S311 - no secret
        _search(folder / "killed", trials, kills)
        _print_kills(kills, is_same=_read_search(folder / "killed").results == search.results)
        best = folder / "best.json"
        best.write_text(json.dumps({"training": search.best.values}))
        _print_trainings(folder / "undisturbed", best, range(1, seeds + 1))


def _search(folder: Path, trials: int, kills: Collection[float] = ()) -> Usage:
    """Searches, killed after so many seconds each time; returns what the last try used."""
    folder.mkdir()
    arguments = ("tune", f"--trials={trials}")
    for seconds in kills:
        with (folder / "log").open("wb") as log:
            process = subprocess.Popen(
                make_command(folder, *arguments), stdout=log, stderr=subprocess.STDOUT
            )
            time.sleep(seconds)
            process.kill()
            process.wait()
    return call(folder, *arguments)


def _list_kills(seconds: float, generator: random.Random) -> list[float]:
    """Returns after how many seconds each try is killed: at random moments of a whole search."""
    moments = sorted(generator.uniform(0, seconds) for _ in range(_NUM_KILLS))
    return [after - before for before, after in zip([0.0, *moments], moments, strict=False)]


def _read_search(folder: Path) -> Search:
    # A kill between the search and the end of its node leaves the file of that try as well.
    files = (folder / "root" / TUNER / "tuner_results").glob(f"*/{SEARCH_FILE}")
    newest = max(files, key=lambda file: int(file.parent.name))
    return Search.model_validate_json(newest.read_text())


def _print_search(search: Search, usage: Usage) -> None:
    names = list(search.best.values)
    print(f"| trial | {' | '.join(names)} | accuracy on eval | CPU s |")
    print("|---" * (len(names) + 3) + "|")
    for trial in search.ranking:
        values = " | ".join(show_value(trial.values[name]) for name in names)
        score = "diverged" if trial.score is None else f"{trial.score:.4f}"
        print(f"| {trial.number} | {values} | {score} | {trial.cpu_seconds:.1f} |")
    print(f"\nPlace of the best after each epoch: {', '.join(map(str, _list_places(search)))}")
    in_trials = sum(trial.cpu_seconds for trial in search.trials)
    print(
        f"\n{usage.cpu_seconds:.0f} CPU s and {usage.wall_seconds:.0f} s in all, {in_trials:.0f} "
        f"CPU s in trials; at most {usage.peak_bytes / 1e6:.0f} MB\n",
        flush=True,
    )


def _list_places(search: Search) -> list[int]:
    """Returns which place the best trial had after each epoch, had all been broken off there."""
    best, *others = [
        [row[SELECTED_BY] for row in trial.history] for trial in search.ranking if not trial.fault
    ]
    return [1 + sum(other[epoch] > value for other in others) for epoch, value in enumerate(best)]


def _print_kills(kills: Collection[float], *, is_same: bool) -> None:
    seconds = ", ".join(f"{after:.0f}" for after in kills)
    print(
        f"Killed after {seconds} s, the search ended with "
        f"{'the same table' if is_same else 'ANOTHER TABLE'}.\n",
        flush=True,
    )


def _print_trainings(folder: Path, best: Path, seeds: Collection[int]) -> None:
    print("| values | seed | accuracy on eval | on test | CPU s of the run |")
    print("|---|---|---|---|---|")
    for name, options in {"present": (), "best": (f"--config={best}",)}.items():
        results = []
        for seed in seeds:
            results.append(_train(folder, options, seed))
            print(f"| {name} | {seed} | {_describe(results[-1])} |", flush=True)
        mean = _Result(*(statistics.mean(column) for column in zip(*results, strict=True)))
        print(f"| {name} | mean | {_describe(mean)} |", flush=True)


def _train(folder: Path, options: Collection[str], seed: int) -> _Result:
    usage = call(
        folder,
        *("run", *options),
        settings={"training.seed": seed},
        allowed={DONE, NOT_BLESSED},
    )
    outcome = json.loads((folder / "root" / "run.json").read_text())
    by_slice = {
        check["slice"]: check["value"]
        for check in outcome["checks"]
        if check["metric"] == "accuracy"
    }
    return _Result(by_slice["split eval"], by_slice["all"], usage.cpu_seconds)


def _describe(result: _Result) -> str:
    return f"{result.on_eval:.4f} | {result.on_test:.4f} | {result.cpu_seconds:.0f}"


if __name__ == "__main__":
    main()
