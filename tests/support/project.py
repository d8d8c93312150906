"""Where the project is that the tests test."""

from pathlib import Path

PROJECT = Path(__file__).parents[2]
MNIST_FOLDER = PROJECT / "data" / "mnist"
