"""Refuses paths that no pod would see, or that would be lost with it (no TensorFlow)."""

from collections.abc import Iterable
from pathlib import PurePosixPath

from runners.orchestration.graph import Graph

IMAGE_FOLDER = "/home/tfx"
"""Where the project's image has the data contract, and the data if it was built with them."""

_OUTPUTS = ("pipeline_root", "serving_model_dir")
_INPUTS = ("data_root", "schema_path")


def check_pod_paths(graph: Graph, mounts: Iterable[str]) -> None:
    """Checks the paths of a pipeline whose nodes run in pods.

    Args:
      graph: The compiled pipeline.
      mounts: Where pods see volumes.

    Raises:
      ValueError: An output would be lost with the pod, or an input is not there.
    """
    folders = tuple(mounts)
    for key in _OUTPUTS:
        path = graph.config[key]
        if not _is_below(path, folders):
            raise ValueError(
                f"{key}: expected a URL such as gs://..., or a path on one of the settings' "
                f"volumes; received {path}, which would be lost with the pod. Set it with --set "
                f"{key}=..., or add the volume."
            )
    for key in _INPUTS:
        path = graph.config[key]
        if not _is_below(path, (*folders, IMAGE_FOLDER)):
            raise ValueError(
                f"{key}: expected a URL such as gs://..., a path on one of the settings' volumes "
                f"or, as the image has it, below {IMAGE_FOLDER}; received {path}, which no pod "
                f"sees. Compile inside the image, or set it with --set {key}=..."
            )


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return "://" in path or any(PurePosixPath(path).is_relative_to(folder) for folder in folders)
