"""The settings that the DAG file is written from, as a file and in the guide."""

from pathlib import Path

import pytest

from pipeline.config_sources import ConfigError
from runners.airflow.settings import AirflowSettings, Kubernetes, read_settings
from runners.orchestration.parameters import RUNTIME_PARAMETERS
from support.project import PROJECT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("retry: 3", "retry: Extra inputs are not permitted\nThe settings are retries, retry"),
        ("schedule: '@daily'\nassets: [s3://b]", "expected a schedule or assets, received both"),
        ("mlmd: postgresql://tfx:hidden@db/mlmd", "the password would be seen"),
        ("kubernetes: {image: i, compiled_folder: /c}", "expected mlmd beside kubernetes"),
        ("tags: {", "is not YAML"),
    ],
    ids=["unknown key", "schedule and assets", "password", "pods without mlmd", "no YAML"],
)
def test_bad_settings_are_refused_with_file_and_key(text: str, message: str, tmp_path: Path):
    file = tmp_path / "settings.yaml"
    file.write_text(text)

    with pytest.raises(ConfigError, match=message) as error:
        read_settings(str(file))

    assert str(file) in str(error.value)
    assert "hidden" not in str(error.value)


def test_the_guide_names_every_setting_and_every_parameter_of_a_run():
    guide = (PROJECT / "docs" / "airflow.md").read_text()

    names = (*AirflowSettings.model_fields, *Kubernetes.model_fields, *RUNTIME_PARAMETERS)
    assert [name for name in names if f"`{name}`" not in guide] == []
