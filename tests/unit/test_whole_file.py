"""A file is replaced whole, or stays as it was."""

from pathlib import Path

import pytest

from runners.whole_file import write_whole_file


def test_the_new_content_takes_the_place_of_the_old(tmp_path: Path):
    path = tmp_path / "run.json"
    path.write_text("old")

    write_whole_file(path, "new")

    assert path.read_text() == "new"
    assert list(tmp_path.iterdir()) == [path]


def test_what_cannot_be_replaced_stays_and_nothing_is_left_beside_it(tmp_path: Path):
    folder = tmp_path / "run.json"
    folder.mkdir()

    with pytest.raises(OSError, match="directory"):
        write_whole_file(folder, "new")

    assert list(tmp_path.iterdir()) == [folder]
    assert not list(folder.iterdir())


def test_a_text_that_cannot_be_encoded_leaves_nothing_behind(tmp_path: Path):
    with pytest.raises(UnicodeEncodeError):
        write_whole_file(tmp_path / "run.json", "\ud800")

    assert not list(tmp_path.iterdir())
