"""Where the project is that the tests test."""

import shutil
from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGES = ("components", "modules", "pipeline", "runners", "serving")
MNIST_FOLDER = PROJECT / "data" / "mnist"

# What `shutil.copytree` is to leave out of a copy of the project: what it does not consist of.
NOT_COPIED = shutil.ignore_patterns(
    "__pycache__", ".*", "*.egg-info", "build", "dist", "runs", "serving_model"
)
