"""What each node of the pipeline takes, the gates among them, and what is outside of them.

    .venv/bin/python -m benchmarks.nodes [--preset quick] [--repetitions 3] [--plot FILE.svg]

Each node has a process of its own in each repetition, and is measured there, with the processes
that it starts. A figure is the mean of the repetitions, with the least and the most of them; one
that is smaller than the distance between these says so.
"""

import os
import platform
import statistics
import tempfile
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path

import click

from benchmarks.measuring.node_costs import NodeCost, measure_nodes
from benchmarks.measuring.plots import draw_rows, write_plot
from benchmarks.measuring.tfx_mnist import make_config
from modules.hyperparameters import PRESETS
from pipeline.node_ids import ANOMALY_GATE, EXAMPLE_VALIDATOR, SERVABILITY_VALIDATOR

_GATES = (EXAMPLE_VALIDATOR, ANOMALY_GATE, SERVABILITY_VALIDATOR)
_IMPORTS = "imports, once"
_LEAST_DRAWN_SECONDS = 0.2


@click.command()
@click.option("--preset", default="quick", show_default=True, type=click.Choice(sorted(PRESETS)))
@click.option("--repetitions", default=3, show_default=True, help="Of the whole pipeline.")
@click.option("--plot", type=click.Path(dir_okay=False), help="SVG to draw the CPU seconds in.")
def main(preset: str, repetitions: int, plot: str | None) -> None:
    """Run the pipeline again and again, and print what its nodes took."""
    costs: dict[str, list[NodeCost]] = defaultdict(list)
    for number in range(repetitions):
        with tempfile.TemporaryDirectory() as folder:
            config = make_config(Path(folder)).model_copy(update={"training": PRESETS[preset]})
            for cost in measure_nodes(config, f"nodes-{number}"):
                costs[cost.node_id].append(cost)
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    seconds = _list_seconds(costs)
    print(_render(costs, seconds))
    if plot:
        _draw(seconds, preset, Path(plot))


def _list_seconds(costs: Mapping[str, Sequence[NodeCost]]) -> dict[str, list[float]]:
    """Returns the CPU seconds of all repetitions, of imports and of each node."""
    every = [cost.import_seconds for repetitions in costs.values() for cost in repetitions]
    of_nodes = {node: [cost.cpu_seconds for cost in costs[node]] for node in costs}
    return {_IMPORTS: every, **of_nodes}


def _render(costs: Mapping[str, Sequence[NodeCost]], seconds: Mapping[str, Sequence[float]]) -> str:
    lines = ["| | CPU s | wall s | peak memory MB |", "|---" * 4 + "|"]
    for name, of_cpu in seconds.items():
        repetitions = costs.get(name, ())
        wall = _render_figure([cost.wall_seconds for cost in repetitions])
        memory = _render_figure([cost.peak_bytes / 1e6 for cost in repetitions], digits=0)
        lines.append(f"| {name} | {_render_figure(of_cpu)} | {wall} | {memory} |")
    together = [sum(each) for each in zip(*(seconds[gate] for gate in _GATES), strict=True)]
    lines.append(f"| the gates: {', '.join(_GATES)} | {_render_figure(together)} | | |")
    return "\n".join(lines)


def _render_figure(values: Sequence[float], digits: int = 2) -> str:
    """Returns mean, least and most of all repetitions."""
    if not values:
        return ""
    mean, least, most = statistics.mean(values), min(values), max(values)
    if mean < most - least:
        return f"less than its noise, {least:.{digits}f} to {most:.{digits}f}"
    return f"{mean:.{digits}f} ({least:.{digits}f} to {most:.{digits}f})"


def _draw(seconds: Mapping[str, Sequence[float]], preset: str, path: Path) -> None:
    means = {name: statistics.mean(values) for name, values in seconds.items()}
    drawn = {name: mean for name, mean in means.items() if mean >= _LEAST_DRAWN_SECONDS}
    total = sum(means.values())
    title = f"CPU seconds of a run of the preset {preset}, {total:.0f} in all"
    write_plot(path, draw_rows(drawn, title=title))


if __name__ == "__main__":
    main()
