"""The section `data`: what a data set among several may be called."""

import pytest

from pipeline.config_sources import ConfigError, load_config


@pytest.mark.parametrize("name", ["", "balanced", "my pets (2)", "v1.0", "Känguru", "...", "a]b"])
def test_a_data_set_is_called_as_its_file_or_folder(name: str):
    assert load_config(overrides=[f"data.name={name}"]).data.name == name


@pytest.mark.parametrize("name", [".", "..", "a/b", "a\\b", "a*", "a?", "a[b"])
def test_a_path_or_a_pattern_is_no_name_of_a_data_set(name: str):
    with pytest.raises(ConfigError, match=r"data\.name: .*expected what one file or folder is"):
        load_config(overrides=[f"data.name={name}"])
