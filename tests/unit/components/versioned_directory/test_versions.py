"""Pushes into a versioned directory: numbers, records, pruning."""

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from components.versioned_directory.push_record import (
    PushOrigin,
    make_record,
    parse_record,
    render_record,
)
from components.versioned_directory.versions import Version, list_versions


def test_a_push_is_named_by_its_time_and_holds_the_model(
    tmp_path: Path, push: Callable[..., Version]
):
    version = push(tmp_path / "serving", "a", now=1763760000.9)

    assert version.path == tmp_path / "serving" / "1763760000"
    assert (version.path / "variables" / "variables.index").read_text() == "index of a"
    assert (version.path / "assets").is_dir()


def test_two_pushes_in_one_second_are_two_versions(tmp_path: Path, push: Callable[..., Version]):
    numbers = [push(tmp_path / "serving", content, now=100.5).number for content in "ab"]

    assert numbers == [100, 101]


def test_a_push_after_the_clock_went_back_still_is_the_newest(
    tmp_path: Path, push: Callable[..., Version]
):
    push(tmp_path / "serving", "a", now=5000.0)

    assert push(tmp_path / "serving", "b", now=100.0).number == 5001


def test_a_number_that_somebody_takes_meanwhile_is_left_to_them(
    tmp_path: Path, push: Callable[..., Version]
):
    directory = tmp_path / "serving"

    def take_the_number(_: Path) -> None:
        (directory / "100").mkdir()
        (directory / "100" / "saved_model.pb").write_text("theirs")

    version = push(directory, "a", check=take_the_number, now=100.0)

    assert version.number == 101
    assert (directory / "100" / "saved_model.pb").read_text() == "theirs"


def test_a_file_with_the_number_for_a_name_is_left_alone(
    tmp_path: Path, push: Callable[..., Version]
):
    directory = tmp_path / "serving"
    directory.mkdir()
    (directory / "100").write_text("a note")

    assert push(directory, "a", now=100.0).number == 101
    assert (directory / "100").read_text() == "a note"


def test_only_folders_with_a_number_that_tf_serving_reads_are_versions(tmp_path: Path):
    for name in (
        "1",
        "007",
        "9223372036854775807",
        "9223372036854775808",
        ".staging-1",
        "v2",
        "-3",
    ):
        (tmp_path / name).mkdir()
    (tmp_path / "5").write_text("a file")

    numbers = [version.number for version in list_versions(tmp_path)]

    assert numbers == [1, 7, 9223372036854775807]


def test_a_directory_that_is_not_there_has_no_versions(tmp_path: Path):
    assert list_versions(tmp_path / "serving") == []


def test_the_same_model_again_is_the_version_that_is_there(
    tmp_path: Path, push: Callable[..., Version], names_in: Callable[[Path], list[str]]
):
    first = push(tmp_path / "serving", "a", now=100.0)
    again = push(tmp_path / "serving", "a", now=200.0)

    assert again.number == first.number
    assert names_in(tmp_path / "serving") == ["100"]


def test_a_model_that_was_damaged_after_its_push_is_pushed_again(
    tmp_path: Path, push: Callable[..., Version], is_whole: Callable[[Path], bool]
):
    first = push(tmp_path / "serving", "a", now=100.0)
    (first.path / "saved_model.pb").write_text("damaged")

    again = push(tmp_path / "serving", "a", now=200.0)

    assert again.number == 200
    assert is_whole(again.path)


def test_a_model_that_was_served_before_another_is_pushed_again(
    tmp_path: Path, push: Callable[..., Version]
):
    numbers = [push(tmp_path / "serving", content).number for content in "aba"]

    assert numbers == [100, 101, 102]


def test_the_newest_versions_stay_and_nothing_is_left_of_the_others(
    tmp_path: Path, push: Callable[..., Version], names_in: Callable[[Path], list[str]]
):
    for content in "abcdefg":
        push(tmp_path / "serving", content, keep=3)

    assert names_in(tmp_path / "serving") == ["104", "105", "106"]


def test_keeping_one_version_keeps_the_one_that_is_served(
    tmp_path: Path, push: Callable[..., Version], names_in: Callable[[Path], list[str]]
):
    for content in "ab":
        push(tmp_path / "serving", content, keep=1)

    assert names_in(tmp_path / "serving") == ["101"]


def test_what_a_killed_push_left_to_remove_is_removed_by_its_repetition(
    tmp_path: Path, push: Callable[..., Version], names_in: Callable[[Path], list[str]]
):
    for content in "abc":
        push(tmp_path / "serving", content, keep=3)

    push(tmp_path / "serving", "c", keep=1)

    assert names_in(tmp_path / "serving") == ["102"]


def test_the_record_tells_where_the_model_comes_from(tmp_path: Path, push: Callable[..., Version]):
    origin = PushOrigin(pipeline_name="p", run_id="r", metrics={"accuracy": 0.99})

    version = push(tmp_path / "serving", "a", origin=origin, now=0.0)

    record = json.loads((version.path / "assets.extra" / "push.json").read_text())
    assert record["origin"]["run_id"] == "r"
    assert record["origin"]["metrics"] == {"accuracy": 0.99}
    assert record["pushed_at"] == "1970-01-01T00:00:00+00:00"
    assert record["files"]["saved_model.pb"] == hashlib.sha256(b"graph of a").hexdigest()


def test_a_record_of_before_there_were_exports_is_read():
    record = render_record(make_record(Path(__file__).parent, PushOrigin(), 0.0))
    text = json.loads(record)
    del text["exports"]

    assert parse_record(json.dumps(text)) == parse_record(record)


def test_the_model_digest_is_that_of_the_listing_that_sha256sum_prints(
    tmp_path: Path, push: Callable[..., Version]
):
    record = push(tmp_path / "serving", "a").record

    listing = "".join(f"{digest}  {path}\n" for path, digest in sorted(record.files.items()))
    assert record.model_digest == hashlib.sha256(listing.encode()).hexdigest()


@pytest.mark.parametrize(
    "content",
    ["{", "[]", '{"origin": {}, "unknown": 1}', "\xff"],
    ids=["half an object", "list", "unknown key", "no UTF-8"],
)
def test_a_record_that_is_none_makes_a_version_without_record(
    tmp_path: Path, push: Callable[..., Version], content: str
):
    version = push(tmp_path / "serving", "a")
    (version.path / "assets.extra" / "push.json").write_text(content, encoding="latin-1")

    [found] = list_versions(tmp_path / "serving")

    assert found.record is None
    assert found.model_digest == version.model_digest
