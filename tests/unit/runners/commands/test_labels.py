"""`tfx-mnist labels` writes what TF Serving and our own server read."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import Version, list_versions
from runners.commands.labels import labels
from serving.config_files import parse_model_server_config
from serving.models.config import ModelConfig
from serving.models.policy import All


@pytest.fixture
def directory(tmp_path: Path, push: Callable[..., Version]) -> Path:
    """Versions 1, 2 and 3."""
    for number, content in enumerate("abc", start=1):
        push(tmp_path / "serving", content, now=float(number))
    return tmp_path / "serving"


@pytest.fixture
def output(tmp_path: Path) -> Path:
    path = tmp_path / "config" / "models.config"
    path.parent.mkdir()
    path.write_text("what was there before")
    return path


def _call(directory: Path, output: Path, *arguments: str) -> Result:
    options = ["--set", f"serving_model_dir={directory}", "--output", str(output)]
    return CliRunner().invoke(labels, [*arguments, *options])


def test_written_file_is_read_by_our_own_server_and_serves_every_version(
    directory: Path, output: Path
):
    result = _call(directory, output, "--stable", "previous", "--canary", "newest")

    assert result.exit_code == 0, result.output
    assert result.output == f"stable: version 2\ncanary: version 3\nWrote {output}\n"
    assert parse_model_server_config(output.read_text()) == [
        ModelConfig(
            name="tfx-mnist",
            base_path="/models/tfx-mnist",
            policy=All(),
            labels={"stable": 2, "canary": 3},
        )
    ]
    assert [path.name for path in output.parent.iterdir()] == ["models.config"]


def test_label_that_is_not_named_is_taken_away(directory: Path, output: Path):
    _call(directory, output, "--stable", "1", "--canary", "3")
    _call(directory, output, "--stable", "3")

    assert parse_model_server_config(output.read_text())[0].labels == {"stable": 3}


def test_a_push_removes_no_version_that_has_a_label(
    directory: Path, output: Path, push: Callable[..., Version]
):
    _call(directory, output, "--stable", "1", "--canary", "3")

    push(directory, "d", now=4.0, keep=1)

    assert [version.number for version in list_versions(directory)] == [1, 3, 4]

    _call(directory, output, "--stable", "newest")
    push(directory, "d", now=5.0, keep=1)

    assert [version.number for version in list_versions(directory)] == [4]


def test_a_push_removes_nothing_where_it_cannot_tell_what_has_a_label(
    directory: Path, push: Callable[..., Version]
):
    (directory / ".labels.json").write_text("[1]")

    push(directory, "d", now=4.0, keep=1)

    assert [version.number for version in list_versions(directory)] == [1, 2, 3, 4]


def test_name_and_base_path_are_written_as_they_are(directory: Path, output: Path):
    base_path = '/a "quoted" path\\with ü'

    _call(directory, output, "--stable=1", "--model_name=m", f"--model_base_path={base_path}")

    [model] = parse_model_server_config(output.read_text())
    assert (model.name, model.base_path) == ("m", base_path)


def test_previous_after_a_rollback_is_the_model_before_the_one_that_serves(
    directory: Path, output: Path
):
    served = roll_back(directory, 2, now=4.0)

    _call(directory, output, "--stable", "previous", "--canary", "newest")

    labelled = parse_model_server_config(output.read_text())[0].labels
    assert labelled == {"stable": 1, "canary": served.number}


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ([], "name a version with --stable, --canary or both"),
        (["--stable=9"], "one of the versions 1, 2, 3, received '9'"),
        (["--canary=latest"], "expected newest, previous or one of the versions"),
        (["--canary=-1"], "received '-1'"),
        (["--stable=1", "--model_base_path=models"], "expected /... or a URI, received models"),
        (["--stable=1", "--output=/no/such/folder/f"], "/no/such/folder/f: cannot be written"),
    ],
)
def test_what_can_not_be_labelled_is_refused_and_the_file_stays(
    directory: Path, output: Path, arguments: list[str], message: str
):
    options = ["--output", str(output), "--set", f"serving_model_dir={directory}", *arguments]
    result = CliRunner().invoke(labels, options)

    assert result.exit_code != 0
    assert message in result.output
    assert output.read_text() == "what was there before"


def test_directory_without_versions_or_without_an_older_model_says_so(
    tmp_path: Path, push: Callable[..., Version], output: Path
):
    empty = _call(tmp_path / "serving", output, "--stable", "newest")
    push(tmp_path / "serving", "a", now=1.0)
    single = _call(tmp_path / "serving", output, "--stable", "previous")

    assert "no version was pushed here yet" in empty.output
    assert "holds no other model that was pushed before version 1" in single.output
