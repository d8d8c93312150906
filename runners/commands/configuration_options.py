"""The configuration as the command line and the environment give it."""

import os
from collections.abc import Callable, Sequence
from typing import Any

import click

from modules.hyperparameters import PRESETS
from pipeline.config import PipelineConfig
from pipeline.config_sources import ConfigError, load_config


def configuration_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds --config, --preset and --set, the same for every command that needs a configuration."""
    for option in (
        click.option(
            "--set",
            "overrides",
            multiple=True,
            metavar="KEY=VALUE",
            help="Set one value, e.g. training.epochs=3; may be given again.",
        ),
        click.option(
            "--preset", metavar="NAME", help=f"Start from a preset: {', '.join(sorted(PRESETS))}."
        ),
        click.option("--config", "config_file", metavar="FILE", help="YAML file of values."),
    ):
        command = option(command)
    return command


def read_configuration(
    config_file: str | None, preset: str | None, overrides: Sequence[str]
) -> PipelineConfig:
    """Builds the configuration from options and environment.

    Raises:
        click.UsageError: Something in it is unknown or out of bounds.
    """
    try:
        return load_config(
            preset=preset, config_file=config_file, environ=os.environ, overrides=overrides
        )
    except ConfigError as error:
        raise click.UsageError(str(error)) from error
