"""Builds the configuration from preset, YAML file, environment, overrides (no TensorFlow)."""

import re
from collections.abc import Iterator, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any

import yaml
from pydantic import BaseModel, ValidationError

from components.data_sets.class_names_file import ClassNamesError, read_class_names
from modules.data_spec import DataSpec
from modules.hyperparameters import PRESETS
from pipeline.config import PipelineConfig
from pipeline.paths import here_or_installed

ENVIRONMENT_PREFIX = "TFX_MNIST_"

_NAMES, _NAMES_PATH = "data.class_names", "data.class_names_path"

_LEAST_LIKENESS = 0.6  # of SequenceMatcher, as of difflib.get_close_matches

_PORT = r"PORT_\d+_(TCP|UDP|SCTP)"
_FORMS_OF_SERVICES = (
    ("SERVICE_HOST", r"[\da-fA-F.:]+"),
    (r"SERVICE_PORT(_[A-Z\d_]+)?", r"\d+"),
    ("PORT", r"(tcp|udp|sctp)://.+"),
    (_PORT, r"(tcp|udp|sctp)://.+"),
    (f"{_PORT}_PROTO", "tcp|udp|sctp"),
    (f"{_PORT}_PORT", r"\d+"),
    (f"{_PORT}_ADDR", r"[\da-fA-F.:]+"),
)


class ConfigError(ValueError):
    """A key or value that the configuration does not take; the message says which are legal."""


def load_config(
    *,
    preset: str | None = None,
    config_file: str | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Sequence[str] = (),
) -> PipelineConfig:
    """Builds the configuration; each source wins over the one before it.

    Args:
        preset: A name in `modules.hyperparameters.PRESETS`.
        config_file: Path of a YAML mapping with the configuration's keys.
        environ: Environment variables; `TFX_MNIST_TRAINING__EPOCHS` sets `training.epochs`.
        overrides: "key=value" each, e.g. "training.epochs=3".

    Raises:
        ConfigError: A source is unreadable, or has an unknown key or a bad value.
    """
    settings: dict[str, tuple[Any, str]] = {}
    for source in (
        _from_preset(preset),
        _from_file(config_file),
        _from_environ(environ or {}),
        _from_overrides(overrides),
    ):
        for key, value, where in source:
            if key not in describe_keys():
                raise ConfigError(_unknown_key(key, where))
            settings[key] = (value, where)
    return _validated({**settings, **_read_names(settings)})


def describe_keys(model: type[BaseModel] = PipelineConfig, prefix: str = "") -> dict[str, str]:
    """Returns every legal dotted key with its description, in the order of the fields."""
    keys: dict[str, str] = {}
    for name, field in model.model_fields.items():
        if isinstance(field.annotation, type) and issubclass(field.annotation, BaseModel):
            keys |= describe_keys(field.annotation, f"{prefix}{name}.")
        else:
            keys[f"{prefix}{name}"] = field.description or ""
    return keys


_Setting = tuple[str, Any, str]
"""A dotted key, its value, and where it was said."""


def _from_preset(preset: str | None) -> Iterator[_Setting]:
    if preset is None:
        return
    if preset not in PRESETS:
        raise ConfigError(f"preset {preset!r} does not exist; there are: {', '.join(PRESETS)}")
    yield from _flat({"training": PRESETS[preset].model_dump()}, f"preset {preset}")


def _from_file(path: str | None) -> Iterator[_Setting]:
    if path is None:
        return
    try:
        with open(path, encoding="utf-8") as file:  # noqa: PTH123 - the user's own spelling
            content = yaml.safe_load(file) or {}
    except OSError as error:
        raise ConfigError(
            f"{path}: cannot be read ({error.strerror}); expected a YAML file of the "
            "configuration. Correct --config, or the permission."
        ) from error
    except (yaml.YAMLError, ValueError) as error:  # ValueError: no UTF-8, or a date like 2026-13-01
        raise ConfigError(f"{path}: is not YAML: {error}") from error
    if not isinstance(content, dict):
        raise ConfigError(f"{path}: expected a mapping of keys, received {type(content).__name__}")
    yield from _flat(content, path)


def _from_environ(environ: Mapping[str, str]) -> Iterator[_Setting]:
    for name, value in sorted(environ.items()):
        if name.startswith(ENVIRONMENT_PREFIX) and not _is_set_by_kubernetes(name, value):
            key = name.removeprefix(ENVIRONMENT_PREFIX).lower().replace("__", ".")
            where = f"environment variable {name}"
            yield key, _parsed(value, where), where


def _is_set_by_kubernetes(name: str, value: str) -> bool:
    """Returns whether a variable tells a pod of a Service, such as one that is called tfx-mnist.

    Kubernetes makes seven kinds of them, as Docker's links did; the value of each has a form:
    https://kubernetes.io/docs/concepts/services-networking/service/#environment-variables
    """
    return any(
        re.search(f"_{form}$", name) and re.fullmatch(values, value)
        for form, values in _FORMS_OF_SERVICES
    )


def _from_overrides(overrides: Sequence[str]) -> Iterator[_Setting]:
    for override in overrides:
        key, equals, value = override.partition("=")
        if not equals:
            raise ConfigError(f"--set {override}: expected key=value")
        where = f"--set {override}"
        yield key.strip(), _parsed(value, where), where


def _flat(values: Mapping[str, Any], where: str, prefix: str = "") -> Iterator[_Setting]:
    for name, value in values.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and key not in describe_keys():
            yield from _flat(value, where, f"{key}.")
        else:
            yield key, value, where


def _parsed(value: str, where: str) -> Any:
    """Reads a list or mapping; pydantic itself turns the other strings into its fields' types."""
    if not re.match(r"\s*[\[{]", value):
        return value
    try:
        return yaml.safe_load(value)
    except (yaml.YAMLError, ValueError) as error:
        raise ConfigError(f"{where}: expected a list or mapping in YAML: {error}") from error


def _read_names(settings: Mapping[str, tuple[Any, str]]) -> dict[str, tuple[Any, str]]:
    """Returns the names of classes that stand in a file, as a setting that says so.

    Names that are set beside the file stand where it cannot be read, as in a configuration that
    was printed on another machine; where it can, they must be the same.
    """
    path, where = settings.get(_NAMES_PATH, ("", ""))
    if not path or not isinstance(path, str):
        return {}
    path = here_or_installed(path)
    names, where_named = settings.get(_NAMES, ((), ""))
    try:
        read = read_class_names(path)
    except OSError as error:
        if names:
            return {}
        raise ConfigError(
            f"{where}: {path}: cannot be read ({error.strerror or error}); expected a file with "
            f"the names of the classes. Correct {_NAMES_PATH}, or the permission."
        ) from error
    except ClassNamesError as error:
        raise ConfigError(f"{where}: {error}") from error
    if names and not _are_the_same(names, read):
        raise ConfigError(
            f"{where_named}: {_NAMES}: expected the names in {path}, which {where} sets: "
            f"{', '.join(read)}; received {names!r}. Leave one of the two out."
        )
    return {_NAMES: (read, path)}


def _are_the_same(names: Any, read: tuple[str, ...]) -> bool:
    try:  # YAML may have read a name as a number
        return DataSpec.model_validate({"class_names": names}).class_names == read
    except ValidationError:
        return False


def _validated(settings: Mapping[str, tuple[Any, str]]) -> PipelineConfig:
    nested: dict[str, Any] = {}
    for key, (value, _) in settings.items():
        *sections, name = key.split(".")
        target = nested
        for section in sections:
            target = target.setdefault(section, {})
        target[name] = value
    try:
        return PipelineConfig.model_validate(nested)
    except ValidationError as error:
        raise ConfigError("\n".join(_bad_values(error, settings))) from error


def _bad_values(error: ValidationError, settings: Mapping[str, tuple[Any, str]]) -> Iterator[str]:
    for problem in error.errors():
        if problem["type"] == "default_factory_not_called":  # follows from another bad value
            continue
        place = _name_place(problem["loc"])
        key = place.partition("[")[0]
        _, where = settings.get(key, (None, "configuration"))
        yield (
            f"{where}: {place}: {problem['msg']}; received {problem['input']!r}. "
            f"{describe_keys().get(key, '')}"
        )


def _name_place(location: Sequence[str | int]) -> str:
    """Returns a key, also one within an entry of a list, such as `thresholds.metrics[0].top_k`."""
    parts = (f"[{part}]" if isinstance(part, int) else f".{part}" for part in location)
    return "".join(parts).removeprefix(".")


def _unknown_key(key: str, where: str) -> str:
    of_section = [name for name in describe_keys() if name.startswith(f"{key}.")]
    if of_section:
        return f"{where}: {key}: expected keys below it: {', '.join(of_section)}."
    legal = "\n".join(f"  {name:32} {text}" for name, text in describe_keys().items())
    return f"{where}: unknown key {key!r}.{_name_nearest(key)} The legal keys are:\n{legal}"


def _name_nearest(key: str) -> str:
    """Returns a sentence on the key that was meant, "" if none is like it."""
    nearest = max(describe_keys(), key=lambda name: _likeness(key, name))
    if _likeness(key, nearest) < _LEAST_LIKENESS:
        return ""
    variable = ENVIRONMENT_PREFIX + nearest.replace(".", "__").upper()
    return f" The nearest is {nearest}, in the environment {variable}."


def _likeness(key: str, name: str) -> float:
    """Returns 1 for a key, or a section's key without its section, and less for what differs."""
    last_parts = (key.rpartition(".")[2], name.rpartition(".")[2])
    return max(SequenceMatcher(None, *pair).ratio() for pair in ((key, name), last_parts))
