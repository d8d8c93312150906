"""What must start fast may not import TensorFlow."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "serving.batching",
        "serving.classification",
        "serving.client",
        "serving.digit_image",
        "serving.json_examples",
        "serving.manager",
        "serving.model_config",
        "serving.options",
        "serving.protocol",
        "serving.rest_path",
        "runners.predict_command",
        "runners.serve_command",
    ],
)
def test_module_imports_without_tensorflow(module: str):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
