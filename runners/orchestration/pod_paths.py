"""Where containers of an orchestrator see what the pipeline reads and writes (no TensorFlow)."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipeline.config import PipelineConfig

IMAGE_HOME = "/home/tfx"
"""The folder of the project's image that has a part of the checkout."""

IMAGE_CONTENT = ("data/mnist", "data/schema", "docs/model_card.md")
"""That part, as Dockerfile and .dockerignore make it."""

_OUTPUTS = ("pipeline_root", "serving_model_dir")
_INPUTS = ("data_root", "schema_path", "model_card_path")


@dataclass(frozen=True, kw_only=True)
class PodFolders:
    """The folders that outlast a container, or come with it.

    Attributes:
      home: Of the image: has `IMAGE_CONTENT` of the checkout that it was built from.
      kept: Where outputs last: paths of volumes, and what else is mounted.
      outputs: Where outputs go that are to be below the checkout: one of `kept`, or gs:// and the
        like; None: nowhere.
      data: Where data are that are below the checkout. Default: `home`.
    """

    home: str
    kept: tuple[str, ...]
    outputs: str | None
    data: str | None = None

    def place(self, config: PipelineConfig, checkout: str) -> PipelineConfig:
        """Returns the configuration with the paths that containers see.

        What the image has of the checkout is as far below `home`, and what is written below the
        checkout as far below `outputs`. Other paths stay: of volumes, of the image, and those that
        `check` refuses.

        Args:
          config: With paths on this machine.
          checkout: Absolute path of the folder that the image was built from.
        """
        moved = {
            key: self._move(key, getattr(config, key), checkout)
            for key in (*_INPUTS, *_OUTPUTS, "metadata_path")
        }
        return PipelineConfig.model_validate(config.model_dump() | moved)

    def check(self, paths: Mapping[str, Any]) -> None:
        """Holds a configuration, given by its keys, to what containers see.

        Raises:
          ValueError: An output would be lost with its container, or an input is not there.
        """
        for key in _OUTPUTS:
            if not _is_below(paths[key], self.kept):
                raise ValueError(
                    f"{key}: expected {_describe(self.kept)}; received {paths[key]}, which would "
                    f"be lost with the container. Set it with --set {key}=..., or have the "
                    "settings name a volume or a bucket."
                )
        for key in _INPUTS:
            if not _is_below(paths[key], folders := (*self.kept, self.home)):
                raise ValueError(
                    f"{key}: expected {_describe(folders)}; received {paths[key]}, which no "
                    f"container sees. Set it with --set {key}=... Of the folder that you compile "
                    f"in, the image has {', '.join(IMAGE_CONTENT)}, below {self.home}."
                )

    def _move(self, key: str, path: str, checkout: str) -> str:
        in_image = _is_below(path, [self.home]) and not _is_below(checkout, [self.home])
        if in_image or _is_below(path, self.kept) or not _is_below(path, [checkout]):
            return path
        below = PurePosixPath(path).relative_to(checkout)
        target = self._find_target(key, below)
        return "/".join([target.rstrip("/"), *below.parts]) if target else path

    def _find_target(self, key: str, below: PurePosixPath) -> str | None:
        """Returns what the checkout is for containers, as far as this path goes."""
        if key not in _INPUTS:
            return self.outputs
        if key == "data_root" and self.data:
            return self.data
        return self.home if any(below.is_relative_to(part) for part in IMAGE_CONTENT) else None


def _is_below(path: str, folders: Iterable[str]) -> bool:
    return "://" in path or any(PurePosixPath(path).is_relative_to(folder) for folder in folders)


def _describe(folders: Iterable[str]) -> str:
    return " or ".join(["a URL such as gs://...", *(f"a path below {each}" for each in folders)])
