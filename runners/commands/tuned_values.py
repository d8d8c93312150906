"""How values that a search has found are kept for later runs."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

import yaml

from modules.tuning.trials import Value
from runners.commands.configuration_options import read_configuration


def make_configuration(values: Mapping[str, Value], *, searches_anyway: bool) -> str:
    """Returns in YAML what keeps values; a search would choose others in their place."""
    content: dict[str, object] = {"training": dict(values)}
    if searches_anyway:
        content["tuning"] = {"enabled": False}
    return yaml.safe_dump(content, sort_keys=False)


def say_how_to_run(
    config_file: str | None, preset: str | None, overrides: Sequence[str], output: Path
) -> str:
    """Returns how a run takes what has been written, beside all else that was asked for.

    Args:
      config_file: The file that the search was configured by, if any.
      preset: The preset that it began with, if any.
      overrides: What was set for it, as `key=value`.
      output: The file that has been written.
    """
    if config_file:  # a run takes only one
        return f"Put them into {config_file}."
    written = yaml.safe_load(output.read_text())
    keys = {f"{section}.{key}" for section, values in written.items() for key in values}
    others = [setting for setting in overrides if setting.partition("=")[0] not in keys]
    found = read_configuration(str(output), preset, others).model_dump()
    options = [*(["--preset", preset] if preset else []), "--config", str(output)]
    options += [option for setting in others for option in ("--set", setting)]
    advice = f"To train with them: {shlex.join(('tfx-mnist', 'run', *options))}"
    winning = [
        f"{section}.{key}"
        for section, values in written.items()
        for key, value in values.items()
        if found[section][key] != value
    ]
    if winning:
        advice += f"\nThe environment sets {', '.join(winning)}, and wins over a file: unset that."
    return advice
