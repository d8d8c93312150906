"""What a terminal, a file and a pipe get of the same table."""

import io
from pathlib import Path

import pytest
from rich.table import Table
from rich.text import Text

from runners.terminal.console import make_console

PATH = "/a" * 100


@pytest.fixture
def table() -> Table:
    table = Table(box=None, padding=(0, 2))
    table.add_column("key")
    table.add_column("value", overflow="fold")
    table.add_row("path", PATH)
    table.add_row("[brackets]", Text("ok", style="green"))
    return table


@pytest.fixture
def written(tmp_path: Path, table: Table, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Returns the lines of a file that a shell has redirected the output to."""
    monkeypatch.delenv("COLUMNS", raising=False)
    with (tmp_path / "out").open("w") as file:
        make_console(file).print(table)
    return (tmp_path / "out").read_text().splitlines()


def test_a_path_is_whole_in_a_file_and_on_a_line_of_its_own(written: list[str]):
    assert f"  path          {PATH}" in written


def test_no_line_of_a_file_ends_in_blanks_or_has_colours(written: list[str]):
    assert written == [line.rstrip() for line in written]
    assert "  [brackets]    ok" in written


def test_columns_breaks_lines_also_in_a_file(table: Table, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("COLUMNS", "60")
    file = io.StringIO()

    make_console(file).print(table)

    assert max(map(len, file.getvalue().splitlines())) <= 60
