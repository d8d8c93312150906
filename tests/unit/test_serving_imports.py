"""What must start fast may not import TensorFlow."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    "module",
    [
        "serving.client.digit_image",
        "serving.client.rest",
        "serving.inference.batching",
        "serving.inference.classification",
        "serving.json_messages.examples",
        "serving.json_messages.predict",
        "serving.models.config",
        "serving.models.manager",
        "serving.options",
        "serving.rest.path",
        "runners.commands.predict",
        "runners.commands.serve",
    ],
)
def test_module_imports_without_tensorflow(module: str):
    code = f"import sys, {module}; sys.exit('tensorflow' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)
