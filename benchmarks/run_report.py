"""What the report of a run costs: within the run, and made again.

    .venv/bin/python -m benchmarks.run_report

Within a run, all that a report needs is loaded already: so it is measured in a process that has
loaded what a run does. It measures once, and writes the page twice: in RunReport, and at the end.
"""

import os
import platform
import shutil
import sys
import tempfile
import time
from pathlib import Path

import runners.local.run  # noqa: F401 - TensorFlow, TFX and all else that a run has loaded
from benchmarks.process_tree import measure
from components.run_report.page.rendering import render_page
from pipeline.config import PipelineConfig
from pipeline.node_ids import RUN_REPORT
from runners.metadata.connection import open_store
from runners.metadata.records import list_runs
from runners.run_report.writing import make_report


def main() -> None:
    """Runs the pipeline once, makes its report in three ways, and prints a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        config = PipelineConfig(
            pipeline_root=f"{folder}/root",
            metadata_path=f"{folder}/root/metadata.db",
            serving_model_dir=f"{folder}/serving",
        )
        log = Path(folder) / "log"
        _call(config, log, "run", "--preset", "quick")
        output = Path(folder) / "report.html"
        stored = _call(config, log, "report", "--output", str(output))
        shutil.rmtree(Path(config.pipeline_root) / RUN_REPORT)
        anew = _call(config, log, "report", "--output", str(output))
        within = _measure_within(config)
        num_bytes = output.stat().st_size
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| report | CPU s | wall s |")
    print("|---|---|---|")
    for name, (cpu_seconds, wall_seconds) in (
        ("added to a run", within),
        ("`tfx-mnist report`, from what the run has stored", stored),
        ("`tfx-mnist report` of a run that has stored none", anew),
    ):
        print(f"| {name} | {cpu_seconds:.1f} | {wall_seconds:.1f} |")
    print(f"\nThe page has {num_bytes / 1e6:.2f} MB.")


def _call(config: PipelineConfig, log: Path, *arguments: str) -> tuple[float, float]:
    """Runs tfx-mnist in a process of its own; returns CPU and wall seconds."""
    settings = (
        f"--set={key}={getattr(config, key)}"
        for key in ("pipeline_root", "metadata_path", "serving_model_dir")
    )
    command = [str(Path(sys.executable).parent / "tfx-mnist"), *arguments, *settings]
    usage = measure(command, log=log, environment={})
    if usage.exit_code:
        sys.exit(f"exit code {usage.exit_code}; the end of its log:\n{log.read_text()[-3000:]}")
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
