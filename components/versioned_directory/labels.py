"""Versions that a server's configuration labels: no push removes them (standard library only)."""

import json
from pathlib import Path

# Hidden, and no number: no server takes it for a version.
_LABELS_FILE = ".labels.json"


def labels_path(directory: Path) -> Path:
    """Returns where the labels of a versioned directory are noted: version numbers by label."""
    return directory / _LABELS_FILE


def read_labelled(directory: Path) -> set[int]:
    """Returns the numbers of the versions that have a label.

    Raises:
      OSError: The note cannot be read.
      ValueError: It is not what `tfx-mnist labels` writes.
    """
    try:
        labels = json.loads(labels_path(directory).read_text(encoding="utf-8"))
        return {int(number) for number in labels.values()}
    except FileNotFoundError:
        return set()
    except (AttributeError, TypeError) as error:
        raise ValueError(f"expected version numbers by label: {error}") from error
