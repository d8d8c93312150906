"""Where containers of an orchestrator see what the pipeline reads and writes (no TensorFlow)."""

import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any

from pipeline.config import PipelineConfig
from pipeline.paths import without_wildcards

IMAGE_HOME = "/home/tfx"
"""The folder of the project's image that has a part of the checkout."""

IMAGE_CONTENT = ("data/mnist", "data/schema", "docs/model_card.md")
"""That part, as Dockerfile and .dockerignore make it."""

_OUTPUTS = ("pipeline_root", "serving_model_dir")
_INPUTS = ("data_root", "schema_path")
# A node that defines the pipeline again reads it again.
_CARD = "model_card_path"


@dataclass(frozen=True, kw_only=True)
class PodFolders:
    """The folders that outlast a container, or come with it.

    Attributes:
      home: Of the image: has `IMAGE_CONTENT` of the checkout that it was built from.
      kept: Where outputs last: paths of volumes, and what else is mounted.
      outputs: Where outputs go that are to be below the checkout: one of `kept`, or gs:// and the
        like; None: nowhere.
      data: Where data are that are below the checkout. Default: `home`.
      schemes: How the URLs begin that containers can use. Default: any.
      nodes_read_card: Whether nodes read the model card, too; else its text is compiled in.

    Raises:
      ValueError: `outputs` has signs in it that stand for others.
    """

    home: str
    kept: tuple[str, ...]
    outputs: str | None
    data: str | None = None
    schemes: tuple[str, ...] = ()
    nodes_read_card: bool = True

    def __post_init__(self) -> None:
        try:
            without_wildcards(self.outputs or "")
        except ValueError as error:
            raise ValueError(f"{self.outputs}: {error}") from error

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
            for key in (*_INPUTS, _CARD, *_OUTPUTS, "metadata_path")
        }
        return PipelineConfig.model_validate(config.model_dump() | moved)

    def check(self, paths: Mapping[str, Any]) -> None:
        """Holds a configuration, given by its keys, to what containers see.

        Raises:
          ValueError: An output would be lost with its container, or an input is not there.
        """
        for key in _OUTPUTS:
            if not self._reach(paths[key], self.kept):
                raise ValueError(
                    f"{key}: expected {self._describe(self.kept)}; received {paths[key]}, which "
                    f"would be lost with the container. Set it with --set {key}=..., or have the "
                    "settings name a volume or a bucket."
                )
        seen = (*self.kept, self.home)
        for key in (*_INPUTS, _CARD) if self.nodes_read_card else _INPUTS:
            if not self._reach(paths[key], seen):
                raise ValueError(
                    f"{key}: expected {self._describe(seen)}; received {paths[key]}, which no "
                    f"container sees. Set it with --set {key}=... Of the folder that you compile "
                    f"in, the image has {', '.join(IMAGE_CONTENT)}, below {self.home}."
                )

    def _move(self, key: str, path: str, checkout: str) -> str:
        below = _find_below(path, checkout)
        if below is None or self._is_named_as_seen(path, checkout):
            return path
        target = self._find_target(key, below)
        return "/".join([target.rstrip("/"), *below.parts]) if target else path

    def _is_named_as_seen(self, path: str, checkout: str) -> bool:
        """Returns whether this is a container's path already, though it is below the checkout.

        It is where one compiles in a folder above: in "/", say.
        """
        return any(
            _is_below(path, folder) and not _is_below(checkout, folder)
            for folder in (self.home, *self.kept)
        )

    def _find_target(self, key: str, below: PurePosixPath) -> str | None:
        """Returns what the checkout is for containers, as far as this path goes."""
        if key not in (*_INPUTS, _CARD):
            return self.outputs
        if key == "data_root" and self.data:
            return self.data
        return self.home if any(below.is_relative_to(part) for part in IMAGE_CONTENT) else None

    def _reach(self, path: str, folders: Iterable[str]) -> bool:
        if "://" in path:
            return path.startswith(self.schemes) if self.schemes else True
        return any(_is_below(path, folder) for folder in folders)

    def _describe(self, folders: Iterable[str]) -> str:
        urls = [f"{scheme}..." for scheme in self.schemes] or ["a URL such as gs://..."]
        return " or ".join([*urls, *(f"a path below {folder}" for folder in folders)])


def _find_below(path: str, checkout: str) -> PurePosixPath | None:
    """Returns the path as it is below the checkout, also if it leads there by symbolic links."""
    if "://" in path:
        return None
    for spelling in (path, os.path.realpath(path)):
        if _is_below(spelling, checkout):
            return PurePosixPath(spelling).relative_to(checkout)
    return None


def _is_below(path: str, folder: str) -> bool:
    return PurePosixPath(path).is_relative_to(folder)
