"""Files that are named after runs."""

import pytest

from runners.run_report.file_names import name_file


@pytest.mark.parametrize(
    "run_id", ["20261127T131109.313448Z", "scheduled__2026-11-27T04:00:00+00:00", "run version 7"]
)
def test_usual_ids_stay_as_they_are(run_id: str):
    assert name_file(run_id) == run_id


def test_ids_that_are_not_the_same_have_different_names():
    long = "a" * 300
    ids = ["a/b", "a_b", "a%2Fb", f"{long}1", f"{long}2"]

    assert len(set(map(name_file, ids))) == len(ids)


@pytest.mark.parametrize("run_id", ["../../etc/passwd", "/", "\N{SNOWMAN}" * 250, "a" * 250])
def test_no_id_leaves_its_folder_or_is_too_long_for_a_file(run_id: str):
    name = name_file(run_id)

    assert "/" not in name
    assert len(f".{name}.html.{2**22}.tmp".encode()) <= 255
