"""What a run loads."""

import os
import subprocess

import pytest

from support.project import PROJECT
from support.warm_python.processes import WarmPython

# TensorFlow comes with flatbuffers, so its presence would tell nothing.
CONVERTERS_AND_RUNTIMES = {"ai_edge_litert", "onnx", "onnxruntime", "tf2onnx"}


@pytest.mark.parametrize("module", ["runners.local.run", "runners.node.launch"])
def test_what_runs_the_pipeline_loads_no_converter_and_no_runtime_of_exports(
    warm_python: WarmPython, module: str
):
    program = f"import sys, {module}; print(*sys.modules, sep='\\n')"

    output = subprocess.run(
        [warm_python.executable, "-c", program],
        cwd=PROJECT,
        env=os.environ,
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    ).stdout

    loaded = set(output.split())
    assert {"pipeline.pipeline", "components.model_exporter.executor"} <= loaded
    assert CONVERTERS_AND_RUNTIMES & loaded == set()
