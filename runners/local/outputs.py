"""What a run on this machine writes to, looked at before anything is begun (no TensorFlow)."""

import os
from collections.abc import Iterator
from pathlib import Path

from pipeline.config import PipelineConfig


def check_outputs(config: PipelineConfig) -> None:
    """Checks that this user may write to the pipeline root and to the metadata.

    The serving directory is left to the Pusher: a run that pushes nothing writes nothing there.

    Args:
      config: Names both, local paths; what is missing of them is made by others.

    Raises:
      PermissionError: This user may not; the message says where, and what to do.
    """
    for key, path in _list_outputs(config):
        place = _first_that_exists(path)
        needed = os.R_OK | os.W_OK | (os.X_OK if place.is_dir() else 0)
        if not os.access(place, needed):
            raise PermissionError(
                f"{path}: expected a place that this user (number {os.geteuid()}) can write to, "
                f"received no permission at {place}. Give it to the user, or set {key} to "
                "another place."
            )


def _list_outputs(config: PipelineConfig) -> Iterator[tuple[str, Path]]:
    """Yields paths that a run writes to, each with the key that names it."""
    root = Path(config.pipeline_root)
    yield "pipeline_root", root
    if os.access(root, os.R_OK | os.X_OK):
        # Of nodes, logs, and the lock; what is beside them is replaced whole.
        folders = (path for path in root.iterdir() if path.is_dir())
        yield from (("pipeline_root", path) for path in (*folders, root / ".lock"))
    metadata = Path(config.metadata_path)
    yield "metadata_path", metadata.parent  # SQLite's journal is made beside it
    yield "metadata_path", metadata


def _first_that_exists(path: Path) -> Path:
    """Returns a path, or the nearest folder above it that is seen."""
    return next(each for each in (path, *path.absolute().parents) if os.path.lexists(each))
