"""What the gates cost: each run anew, alone, on the outputs of a run that has ended.

    .venv/bin/python -m benchmarks.gates

A run of one node costs imports and that node. A node that copies one file costs next to nothing
itself: what a gate costs on top of that is the gate's own, its processes included.
"""

import os
import platform
import sys
import tempfile
from pathlib import Path

from benchmarks.process_tree import measure
from pipeline.node_ids import (
    ANOMALY_GATE,
    EXAMPLE_VALIDATOR,
    SCHEMA_IMPORTER,
    SERVABILITY_VALIDATOR,
)

_CHEAPEST = SCHEMA_IMPORTER
_GATES = (EXAMPLE_VALIDATOR, ANOMALY_GATE, SERVABILITY_VALIDATOR)


def main() -> None:
    """Runs the pipeline once, each gate once more, and prints a Markdown table."""
    with tempfile.TemporaryDirectory() as folder:
        _run(Path(folder))
        imports = _run(Path(folder), "--only", _CHEAPEST)
        seconds = {gate: _run(Path(folder), "--only", gate) - imports for gate in _GATES}
    print(f"{platform.platform()}, {os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}\n")
    print("| gate | CPU s |")
    print("|---|---|")
    for gate, cpu_seconds in (*seconds.items(), ("all", sum(seconds.values()))):
        print(f"| {gate} | {cpu_seconds:.1f} |")


def _run(folder: Path, *options: str) -> float:
    """Runs the pipeline on MNIST in a folder of its own; returns CPU seconds."""
    command = [
        *(str(Path(sys.executable).parent / "tfx-mnist"), "run", "--preset", "quick", *options),
        f"--set=pipeline_root={folder}/root",
        f"--set=serving_model_dir={folder}/serving",
    ]
    log = folder / "log"
    usage = measure(command, log=log, environment={})
    if usage.exit_code:
        sys.exit(f"exit code {usage.exit_code}; the end of its log:\n{log.read_text()[-3000:]}")
    return usage.cpu_seconds


if __name__ == "__main__":
    main()
