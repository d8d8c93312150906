"""What the report of a run costs: within the run, and made again.

    .venv/bin/python -m benchmarks.run_report

Within a run, all that a report needs is loaded already: so it is measured in a process that has
loaded what a run does. It measures once, and writes the page twice: in RunReport, and at the end.
"""

import os
import platform
import shutil
import tempfile
import time
from pathlib import Path

import runners.local.run  # noqa: F401 - TensorFlow, TFX and all else that a run has loaded
from benchmarks.measuring.process_tree import Usage
from benchmarks.measuring.tfx_mnist import call, make_config
from components.run_report.page.rendering import render_page
from pipeline.config import PipelineConfig
from pipeline.node_ids import RUN_REPORT
from runners.metadata.connection import open_store
from runners.metadata.records import list_runs
from runners.run_report.making import make_report


def main() -> None:
    """Runs the pipeline once, makes its report in three ways, and prints a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        config = make_config(Path(folder))
        call(Path(folder), "run", "--preset", "quick")
        output = Path(folder) / "report.html"
        stored = call(Path(folder), "report", "--output", str(output))
        shutil.rmtree(Path(config.pipeline_root) / RUN_REPORT)
        anew = call(Path(folder), "report", "--output", str(output))
        within = _measure_within(config)
        num_bytes = output.stat().st_size
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| report | CPU s | wall s |")
    print("|---|---|---|")
    for name, (cpu_seconds, wall_seconds) in (
        ("added to a run", within),
        ("`tfx-mnist report`, from what the run has stored", _times(stored)),
        ("`tfx-mnist report` of a run that has stored none", _times(anew)),
    ):
        print(f"| {name} | {cpu_seconds:.1f} | {wall_seconds:.1f} |")
    print(f"\nThe page has {num_bytes / 1e6:.2f} MB.")


def _times(usage: Usage) -> tuple[float, float]:
    return usage.cpu_seconds, usage.wall_seconds


def _measure_within(config: PipelineConfig) -> tuple[float, float]:
    """Returns CPU and wall seconds of all that a run does for its report."""
    store = open_store(config.metadata_path)
    [run] = list_runs(store, config.pipeline_name)
    started, used = time.perf_counter(), time.process_time()
    report = make_report(store, config, run.name)
    for _ in range(2):
        render_page(report)
    return time.process_time() - used, time.perf_counter() - started


if __name__ == "__main__":
    main()
