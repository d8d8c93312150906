"""Where the project is that the tests test."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
PACKAGES = ("components", "modules", "pipeline", "runners", "serving")
MNIST_FOLDER = PROJECT / "data" / "mnist"
