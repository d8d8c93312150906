"""How each node grows with the data: CPU seconds and memory at 1, 4 and 16 times MNIST's rows.

    .venv/bin/python -m benchmarks.growth [--times 1,4,16] [--plot FILE.svg]

Each copy of MNIST is shifted by some pixels, so that no row is there twice and shards differ. A
node has a process of its own, whose imports are not counted. Prints a Markdown table with the line
that fits best: what a node takes of any data, and what it takes of 100,000 rows more.
"""

import os
import platform
import tempfile
from collections import defaultdict
from pathlib import Path

import click
import numpy as np

from benchmarks.measuring.mnist import Part, Rows, read_mnist, write_mnist
from benchmarks.measuring.node_costs import NodeCost, measure_nodes
from benchmarks.measuring.plots import write_plot
from benchmarks.measuring.tfx_mnist import make_config
from components.run_report.charts.lines import Line, draw_lines
from modules.hyperparameters import PRESETS
from pipeline.config import PipelineConfig, Thresholds

_ROWS = 70_000
_PER_ROWS = 100_000
_SHIFTS = [(down, right) for down in (0, 1, -1, 2) for right in (0, 1, -1, 2)]


@click.command()
@click.option("--times", default="1,4,16", show_default=True, help="Of MNIST's rows, 16 at most.")
@click.option("--plot", type=click.Path(dir_okay=False), help="SVG to draw the CPU seconds in.")
def main(times: str, plot: str | None) -> None:
    """Run the pipeline on copies of MNIST, and print what each node took."""
    costs: dict[str, dict[int, NodeCost]] = defaultdict(dict)
    sizes = [int(each) for each in times.split(",")]
    for copies in sizes:
        with tempfile.TemporaryDirectory() as folder:
            for cost in measure_nodes(_prepare(Path(folder), copies), f"growth-{copies}"):
                costs[cost.node_id][copies] = cost
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print(_render(costs, sizes))
    if plot:
        _draw(costs, sizes, Path(plot))


def _prepare(folder: Path, copies: int) -> PipelineConfig:
    """Writes the data, and returns the configuration of a run on them."""
    data = folder / "data"
    parts: tuple[Part, ...] = ("train", "t10k")
    write_mnist(data, {part: _shift(read_mnist(part), copies) for part in parts})
    return make_config(folder).model_copy(
        update={
            "data_root": str(data),
            "training": PRESETS["quick"],
            # Digits that are moved towards the border are not those of MNIST.
            "thresholds": Thresholds(accuracy=0.5, class_accuracy=0.1),
        }
    )


def _shift(rows: Rows, copies: int) -> Rows:
    """Returns so many copies one after the other, each shifted in a way of its own."""
    images = [np.roll(rows.images, shift, axis=(1, 2)) for shift in _SHIFTS[:copies]]
    return Rows(np.concatenate(images), np.tile(rows.labels, copies))


def _render(costs: dict[str, dict[int, NodeCost]], sizes: list[int]) -> str:
    columns = [f"{size * _ROWS:,} rows" for size in sizes]
    lines = [
        f"| node | {' | '.join(columns)} | s of any data | s of 100,000 rows | MB at each |",
        "|---" * (len(sizes) + 4) + "|",
    ]
    for node_id, measured in costs.items():
        seconds = [measured[size].cpu_seconds for size in sizes]
        slope, intercept = np.polyfit([size * _ROWS / _PER_ROWS for size in sizes], seconds, 1)
        memory = ", ".join(f"{measured[size].peak_bytes / 1e6:.0f}" for size in sizes)
        shown = " | ".join(f"{each:.1f}" for each in seconds)
        lines.append(f"| {node_id} | {shown} | {intercept:.1f} | {slope:.2f} | {memory} |")
    return "\n".join(lines)


def _draw(costs: dict[str, dict[int, NodeCost]], sizes: list[int], path: Path) -> None:
    largest = sorted(costs, key=lambda node_id: costs[node_id][sizes[-1]].cpu_seconds, reverse=True)
    legend = dict(zip("abcde", largest, strict=False))
    lines = [
        Line(
            node_id,
            [(size * _ROWS / 1000, costs[node_id][size].cpu_seconds) for size in sizes],
            css,
        )
        for css, node_id in legend.items()
    ]
    chart = draw_lines(
        lines,
        title="CPU seconds of nodes by rows of data",
        x_label="thousand rows; CPU seconds of a node",
        x_ticks=[size * _ROWS / 1000 for size in sizes],
    )
    write_plot(path, chart, legend)


if __name__ == "__main__":
    main()
