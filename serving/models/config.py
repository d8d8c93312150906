"""A model to serve, and how one is read from TF Serving's configuration (standard library only)."""

import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.errors import invalid_argument
from serving.models.policy import All, Latest, Policy, Specific

PLATFORM = "tensorflow"
_LABEL = re.compile(r"[a-zA-Z0-9_]+")


@dataclass(frozen=True, kw_only=True)
class ModelConfig:
    """One model to serve.

    Attributes:
      name: What requests call it.
      base_path: The folder whose numbered sub-folders are its versions.
      policy: Which of them to serve.
      labels: Version numbers by label.
    """

    name: str
    base_path: str
    policy: Policy = field(default_factory=Latest)
    labels: dict[str, int] = field(default_factory=dict)


def read_model_configs(server_config: Any) -> list[ModelConfig]:
    """Returns the models that a ModelServerConfig lists.

    Raises:
      ServingError: It is empty or of the custom kind, lists a name twice, or has a value that is
        not legal.
    """
    # An empty file is one that is being written: taking it at its word would unload everything.
    if server_config.WhichOneof("config") != "model_config_list":
        raise invalid_argument("expected a model_config_list, received another configuration")
    models = [_read_model(config) for config in server_config.model_config_list.config]
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise invalid_argument(f"Illegal to list model {name} multiple times in config list")
    return models


def _read_model(config: Any) -> ModelConfig:
    platform = config.model_platform or ("tensorflow" if config.model_type == 1 else "")
    if platform != PLATFORM:
        raise invalid_argument(
            f'model {config.name}: expected model_platform: "{PLATFORM}", received '
            f'"{config.model_platform}"'
        )
    if not config.name:
        raise invalid_argument("a model in the config list has no name")
    if "://" not in config.base_path and not Path(config.base_path).is_absolute():
        raise invalid_argument(
            f"Expected model {config.name} to have an absolute path or URI; got base_path()="
            f"{config.base_path}"
        )
    for label in config.version_labels:
        if not _LABEL.fullmatch(label):
            raise invalid_argument(
                f"model {config.name}: expected a label of letters, digits and _, "
                f"received {label!r}"
            )
    return ModelConfig(
        name=config.name,
        base_path=config.base_path,
        policy=_read_policy(config.model_version_policy),
        labels=dict(config.version_labels),
    )


def _read_policy(policy: Any) -> Policy:
    match policy.WhichOneof("policy_choice"):
        case "all":
            return All()
        case "specific":
            return Specific(frozenset(policy.specific.versions))
        case _:
            return Latest(max(policy.latest.num_versions, 1))
