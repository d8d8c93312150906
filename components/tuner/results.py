"""Reads what a search has found."""

import json
from typing import Any

from tfx.dsl.io import fileio

from modules.hyperparameters import pick_hyperparameters
from modules.tuning.trials import SEARCH_FILE, Search

# TFX's name for it.
_BEST_FILE = "best_hyperparameters.txt"


def read_best_values(folder: str) -> dict[str, Any]:
    """Returns the chosen hyperparameters by name.

    Args:
      folder: Of an artifact HyperParameters.
    """
    with fileio.open(f"{folder}/{_BEST_FILE}") as file:
        return pick_hyperparameters(json.loads(file.read())["values"])


def read_search(folder: str) -> Search | None:
    """Returns a search with all its trials; None for one of another tuner.

    Args:
      folder: Of an artifact TunerResults.
    """
    path = f"{folder}/{SEARCH_FILE}"
    if not fileio.exists(path):
        return None
    with fileio.open(path) as file:
        return Search.model_validate_json(file.read())
