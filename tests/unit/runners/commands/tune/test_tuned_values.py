"""What `tfx-mnist tune` says about keeping values makes the next run train with them."""

import shlex
from pathlib import Path

import pytest
import yaml

from runners.commands.tuned_values import make_configuration, say_how_to_run

VALUES = {"learning_rate": 0.0125, "filters": 32, "augment": False}


@pytest.fixture
def output(tmp_path: Path) -> Path:
    file = tmp_path / "best values.yaml"
    file.write_text(make_configuration(VALUES, searches_anyway=False))
    return file


def test_values_are_a_section_of_the_configuration():
    kept = make_configuration(VALUES, searches_anyway=False)

    assert yaml.safe_load(kept) == {"training": VALUES}


def test_where_each_run_searches_that_is_switched_off():
    kept = make_configuration(VALUES, searches_anyway=True)

    assert yaml.safe_load(kept) == {"training": VALUES, "tuning": {"enabled": False}}


def test_command_has_the_preset_and_all_settings_but_those_that_were_searched(output: Path):
    overrides = ("pipeline_root=/runs of mine", "training.filters=8", "tuning.trials=3")

    advice = say_how_to_run(None, "quick", overrides, output)

    command = advice.removeprefix("To train with them: ")
    assert shlex.split(command) == [
        *("tfx-mnist", "run", "--preset", "quick", "--config", str(output)),
        *("--set", "pipeline_root=/runs of mine", "--set", "tuning.trials=3"),
    ]


def test_a_search_that_was_asked_for_by_hand_is_left_out_of_the_command(tmp_path: Path):
    file = tmp_path / "best.yaml"
    file.write_text(make_configuration(VALUES, searches_anyway=True))

    assert "--set" not in say_how_to_run(None, None, ("tuning.enabled=true",), file)


def test_a_variable_that_wins_over_the_file_is_named(output: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("TFX_MNIST_TRAINING__LEARNING_RATE", "0.02")

    advice = say_how_to_run(None, None, (), output)

    assert advice.endswith(
        "The environment sets training.learning_rate, and wins over a file: unset that."
    )


def test_beside_a_configuration_file_they_belong_into_that(output: Path):
    assert say_how_to_run("own.yaml", None, (), output) == "Put them into own.yaml."
