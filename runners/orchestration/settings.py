"""Reads the YAML file that says how an orchestrator runs the pipeline."""

from pathlib import Path
from typing import Annotated, TypeVar

import yaml
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationError

from pipeline.config_sources import ConfigError
from runners.metadata.url import check_no_password
from runners.orchestration.pod_paths import IMAGE_HOME
from runners.orchestration.tasks import FINAL_REPORT_TRIES


def _without_password(url: str) -> str:
    check_no_password(url)
    return url


MlmdUrl = Annotated[str, AfterValidator(_without_password)]


class Section(BaseModel):
    """Settings that cannot change, and of which none can be misspelt."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class InImage(Section):
    """Where an orchestrator runs containers of the project's image."""

    image: str = Field(description="The project's image, e.g. registry.example.com/tfx-mnist:1.")
    image_home: str = Field(
        IMAGE_HOME,
        pattern="^/",
        description="Folder of the image that has data contract, model card and data where the "
        "folder has them that one compiles in.",
    )


class Tries(Section):
    """How often a task is tried, and how long; the same for every orchestrator."""

    retries: int = Field(2, ge=0, description="Tries of a task after the first.")
    retry_delay_seconds: int = Field(
        30, ge=1, description="Before the second try; doubles with each one after it."
    )
    max_retry_delay_seconds: int = Field(900, ge=1, description="It doubles no further than this.")
    timeout_minutes: int = Field(60, ge=1, description="A longer try of a task is stopped.")


SettingsT = TypeVar("SettingsT", bound=Section)


def fill_in(own: SettingsT, shared: Section) -> SettingsT:
    """Returns the settings of one task; what it does not have itself is what all tasks share."""
    return type(own)(
        **{
            name: getattr(shared, name) if (value := getattr(own, name)) is None else value
            for name in type(own).model_fields
        }
    )


def fill_in_report(own: SettingsT) -> SettingsT:
    """Returns the settings of the task that reports on a run, with its own tries and time limit."""
    lacking = [name for name in FINAL_REPORT_TRIES if getattr(own, name) is None]
    return own.model_copy(update={name: FINAL_REPORT_TRIES[name] for name in lacking})


def read_settings_file(path: str | None, settings: type[SettingsT]) -> SettingsT:
    """Reads a YAML file of settings; without one, all have their default.

    Args:
      path: The file, or None.
      settings: What it describes.

    Raises:
      ConfigError: The file cannot be read, has an unknown key or a bad value, or lacks one that
        has no default.
    """
    where = path or "--settings"
    try:
        text = Path(path).read_text(encoding="utf-8") if path else ""
        return settings.model_validate(yaml.safe_load(text) or {})
    except OSError as error:
        raise ConfigError(f"{where}: cannot be read ({error.strerror})") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"{where}: is not YAML: {error}") from error
    except ValidationError as error:
        legal = ", ".join(settings.model_fields)
        problems = "\n".join(
            f"{where}: {'.'.join(map(str, problem['loc'])) or 'settings'}: {problem['msg']}"
            for problem in error.errors(include_input=False)
        )
        raise ConfigError(f"{problems}\nThe settings are {legal}.") from error
