"""A model to serve, and how one is read from TF Serving's configuration (standard library only)."""

import logging
from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from serving.errors import Code, ServingError, invalid_argument
from serving.models.policy import All, Latest, Policy, Specific

PLATFORM = "tensorflow"
_TENSORFLOW_TYPE = 1  # ModelType.TENSORFLOW

logger = logging.getLogger(__name__)


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


def read_model_configs(
    server_config: Any, current: Collection[ModelConfig] = ()
) -> list[ModelConfig]:
    """Returns the models that a ModelServerConfig lists; none where it is empty.

    Args:
      server_config: The configuration.
      current: The models that are served already.

    Raises:
      ServingError: It is empty while models are served, is of the custom kind, lists a name
        twice, or has a value that is not legal.
    """
    kind = server_config.WhichOneof("config")
    # An empty file is one that is being written: taking it at its word would unload everything.
    # `model_config_list {}` is what says that nothing is to be served any more.
    if kind is None and current:
        raise ServingError(
            Code.FAILED_PRECONDITION,
            "Cannot transition to requested config. It is only legal to transition from one "
            "ModelConfigList to another.",
        )
    if kind == "custom_model_config":
        raise invalid_argument("ModelServer does not yet support custom model config.")
    models = [_read_model(config) for config in server_config.model_config_list.config]
    names = [model.name for model in models]
    for name in names:
        if names.count(name) > 1:
            raise invalid_argument(f"Illegal to list model {name} multiple times in config list")
    return models


def _read_model(config: Any) -> ModelConfig:
    _check_platform(config)
    if not config.name:
        raise invalid_argument("a model in the config list has no name")
    if config.HasField("logging_config"):
        raise invalid_argument(
            f"No request-logger-creator provided. Model {config.name} has a logging_config, and "
            "nothing here logs requests: take it out"
        )
    if "://" not in config.base_path and not Path(config.base_path).is_absolute():
        raise invalid_argument(
            f"Expected model {config.name} to have an absolute path or URI; got base_path()="
            f"{config.base_path}"
        )
    for label in config.version_labels:
        # What no URL can name.
        if not label or "/" in label or ":" in label:
            raise invalid_argument(
                f"model {config.name}: expected a label without / and :, received {label!r}"
            )
    return ModelConfig(
        name=config.name,
        base_path=config.base_path,
        policy=_read_policy(config.model_version_policy),
        labels=dict(config.version_labels),
    )


def _check_platform(config: Any) -> None:
    if config.model_type:
        logger.warning(
            "Deprecated ModelServerConfig::model_type field used. Prefer "
            "ModelServerConfig::model_platform."
        )
        if config.model_platform:
            raise invalid_argument(
                "Illegal setting both ModelServerConfig::model_type (deprecated) and "
                f"ModelServerConfig::model_platform, model name is {config.name}"
            )
        if config.model_type != _TENSORFLOW_TYPE:
            raise invalid_argument(
                f"ModelServerConfig::model_type choice {config.model_type} not supported."
            )
    elif not config.model_platform:
        raise invalid_argument(
            "Illegal setting neither ModelServerConfig::model_type (deprecated) nor "
            f"ModelServerConfig::model_platform, model name is {config.name}"
        )
    elif config.model_platform != PLATFORM:
        raise invalid_argument(
            f"Model {config.name} requests unsupported platform {config.model_platform}; "
            f'expected "{PLATFORM}"'
        )


def _read_policy(policy: Any) -> Policy:
    match policy.WhichOneof("policy_choice"):
        case "all":
            return All()
        case "specific":
            return Specific(frozenset(policy.specific.versions))
        case _:
            return Latest(max(policy.latest.num_versions, 1))
