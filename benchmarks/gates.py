"""What the gates cost: each run anew, alone, on the outputs of a run that has ended.

    .venv/bin/python -m benchmarks.gates

A run of one node costs imports and that node. A node that copies one file costs next to nothing
itself: what a gate costs on top of that is the gate's own, its processes included.
"""

import os
import platform
import tempfile
from pathlib import Path

from benchmarks.tfx_mnist import call
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
    return call(folder, "run", "--preset", "quick", *options).cpu_seconds


if __name__ == "__main__":
    main()
