"""A rollback publishes an older model again, as the newest version."""

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from components.versioned_directory.publishing import push_model
from components.versioned_directory.push_record import PushOrigin
from components.versioned_directory.rollback import roll_back
from components.versioned_directory.versions import PushError, Version, list_versions


@pytest.fixture
def directory(tmp_path: Path, push: Callable[..., Version]) -> Path:
    """Versions 1, 2 and 3 with the models a, b and c."""
    for number, content in enumerate("abc", start=1):
        push(tmp_path / "serving", content, now=float(number))
    return tmp_path / "serving"


def _model_in(version: Version) -> str:
    return (version.path / "saved_model.pb").read_text().removeprefix("graph of ")


def test_the_model_before_the_served_one_becomes_the_newest_version(
    directory: Path, is_whole: Callable[[Path], bool]
):
    version = roll_back(directory, None, now=10.0)

    assert version == list_versions(directory)[-1]
    assert (version.number, _model_in(version)) == (10, "b")
    assert (version.record.copy_of, version.record.replaced) == (2, 3)
    assert is_whole(version.path)


def test_a_second_rollback_goes_further_back(directory: Path):
    roll_back(directory, None, now=10.0)

    version = roll_back(directory, None, now=11.0)

    assert (_model_in(version), version.record.copy_of, version.record.replaced) == ("a", 1, 10)


def test_a_third_rollback_finds_nothing_older_and_says_what_there_is(
    directory: Path, names_in: Callable[[Path], list[str]]
):
    roll_back(directory, None, now=10.0)
    roll_back(directory, None, now=11.0)

    with pytest.raises(PushError, match=r"before version 11\. Name one of: 1, 2, 3, 10, 11\."):
        roll_back(directory, None, now=12.0)
    assert names_in(directory) == ["1", "10", "11", "2", "3"]


def test_a_rollback_is_taken_back_by_naming_what_it_replaced(directory: Path):
    roll_back(directory, None, now=10.0)

    version = roll_back(directory, 3, now=11.0)

    assert (_model_in(version), version.record.copy_of) == ("c", 3)


def test_the_next_push_wins_over_a_rollback_even_with_the_clock_behind(
    directory: Path, push: Callable[..., Version]
):
    rolled_back = roll_back(directory, 1, now=1000.0)

    pushed = push(directory, "d", now=50.0)

    assert pushed.number > rolled_back.number
    assert _model_in(list_versions(directory)[-1]) == "d"


def test_a_rollback_from_a_push_after_a_rollback_is_to_what_was_served_before(
    directory: Path, push: Callable[..., Version]
):
    roll_back(directory, 1, now=10.0)
    push(directory, "d", now=11.0)

    assert _model_in(roll_back(directory, None, now=12.0)) == "a"


def test_a_rollback_skips_versions_with_the_served_model(
    directory: Path, push: Callable[..., Version]
):
    roll_back(directory, 2, now=10.0)
    push(directory, "c", now=11.0)
    push(directory, "b", now=12.0)

    version = roll_back(directory, None, now=13.0)

    assert _model_in(version) == "c"


def test_a_rollback_to_the_served_model_changes_nothing(
    directory: Path, names_in: Callable[[Path], list[str]]
):
    version = roll_back(directory, 3, now=10.0)

    assert version.number == 3
    assert names_in(directory) == ["1", "2", "3"]


def test_a_rollback_takes_no_space_and_outlives_the_version_it_came_from(
    directory: Path, push: Callable[..., Version], is_whole: Callable[[Path], bool]
):
    version = roll_back(directory, 1, now=10.0)
    assert (version.path / "saved_model.pb").samefile(directory / "1" / "saved_model.pb")

    push(directory, "d", now=11.0, keep=2)

    assert not (directory / "1").exists()
    assert is_whole(version.path)


def test_a_rollback_copies_where_links_are_not_allowed(
    directory: Path, monkeypatch: pytest.MonkeyPatch, is_whole: Callable[[Path], bool]
):
    def refuse(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuse)

    version = roll_back(directory, 1, now=10.0)

    assert is_whole(version.path)
    assert not (version.path / "saved_model.pb").samefile(directory / "1" / "saved_model.pb")


def test_an_unknown_version_is_refused_with_those_that_there_are(directory: Path):
    with pytest.raises(PushError, match=r"there is no version 7\. Name one of: 1, 2, 3\."):
        roll_back(directory, 7, now=10.0)


def test_a_damaged_version_is_refused_by_the_name_of_the_file(
    directory: Path, names_in: Callable[[Path], list[str]]
):
    (directory / "2" / "variables" / "variables.index").write_text("damaged")

    with pytest.raises(PushError, match=r"received others: variables/variables\.index\."):
        roll_back(directory, 2, now=10.0)
    assert names_in(directory) == ["1", "2", "3"]


def test_a_version_that_is_no_saved_model_is_refused(directory: Path):
    (directory / "0").mkdir()

    with pytest.raises(PushError, match=r"no saved_model\.pb"):
        roll_back(directory, 0, now=10.0)


def test_a_version_that_something_else_pushed_can_be_served_again(
    directory: Path, write_model: Callable[[Path, str], Path], is_whole: Callable[[Path], bool]
):
    write_model(directory / "0", "theirs")

    version = roll_back(directory, 0, now=10.0)

    assert _model_in(version) == "theirs"
    assert version.record.origin == PushOrigin()
    assert is_whole(version.path)


def test_an_empty_directory_has_nothing_to_roll_back_and_stays_as_it_was(tmp_path: Path):
    with pytest.raises(PushError, match="expected at least one version"):
        roll_back(tmp_path, None, now=10.0)
    assert list(tmp_path.iterdir()) == []


def test_what_was_pushed_can_be_pushed_on_to_another_directory(directory: Path, tmp_path: Path):
    version = push_model(
        directory / "3",
        tmp_path / "staging-server",
        origin=PushOrigin(),
        check=lambda _: None,
        keep=5,
        now=10.0,
    )

    assert version.model_digest == list_versions(directory)[-1].model_digest
