"""Paths that hold no file to read."""

import contextlib
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from runners.commands.named_files import make_visible, open_file
from serving.client.pictures.errors import PictureError


def _listen(path: Path) -> None:
    # From its folder, since a socket's path may have 107 bytes.
    with contextlib.chdir(path.parent), socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path.name)


def _loop(path: Path) -> None:
    path.symlink_to(path)


@pytest.mark.parametrize(
    ("make", "received"),
    [
        (lambda path: None, "nothing: there is no such file"),  # noqa: ARG005
        (lambda path: path.symlink_to(path.parent / "gone"), "nothing: there is no such file"),
        (Path.mkdir, "a folder"),
        (os.mkfifo, "a pipe"),
        (_listen, "a socket"),
        (_loop, "a link that leads back to itself"),
        (lambda path: path.symlink_to("/dev/zero"), "a device"),
    ],
)
def test_what_is_no_file_is_said_in_words(
    tmp_path: Path, make: Callable[[Path], None], received: str
):
    path = tmp_path / "digit.png"
    make(path)
    with pytest.raises(PictureError) as error, open_file(str(path)):
        pass
    assert str(error.value).startswith(f"{path}: expected a file, received {received}")


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("", "the empty name: expected a file, received nothing"),
        ("/dev/null/digit.png", "received a path that leads through a file"),
        ("x" * 300, "received a name that is too long"),
        ("a\nb\udcff.png", "a\N{REPLACEMENT CHARACTER}b\N{REPLACEMENT CHARACTER}.png: expected"),
    ],
)
def test_path_that_leads_nowhere_is_said_in_words(path: str, message: str):
    with pytest.raises(PictureError) as error, open_file(path):
        pass
    assert message in str(error.value)
    assert "\n" not in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_file_that_may_not_be_read_is_said_in_words(tmp_path: Path):
    path = tmp_path / "digit.png"
    path.touch(mode=0)
    with pytest.raises(PictureError, match="no permission to read it"), open_file(str(path)):
        pass


def test_name_that_a_terminal_can_show_stays():
    assert make_visible("Größe 7.png") == "Größe 7.png"
