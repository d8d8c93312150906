"""Markdown in which values stand as they are, whatever characters are in them."""

import re
from collections.abc import Iterable, Sequence

# What starts a list or underlines a heading; only at the start of a line.
_AT_START = re.compile(r"^(\d*)([-+=.)])")
_ANYWHERE = re.compile(r"[\\`*_\[\]<>|~&#]")
_MAX_ROWS = 300


def paragraph(text: str) -> str:
    """Returns `text` as one paragraph; its lines stay lines."""
    lines = [line.strip() for line in text.splitlines()]
    return "  \n".join(_AT_START.sub(r"\1\\\2", _escape(line)) for line in lines if line)


def table(
    header: Sequence[str],
    rows: Iterable[Sequence[str]],
    *,
    text_columns: int = 1,
    max_rows: int = _MAX_ROWS,
) -> str:
    """Returns a table in GitHub's style.

    Args:
      header: Names of the columns.
      rows: As many cells each.
      text_columns: So many columns are text; those after them are numbers, and stand to the right.
      max_rows: Where there are more, a line below the table says how many are left out.
    """
    rows = list(rows)
    rule = ["---"] * text_columns + ["---:"] * (len(header) - text_columns)
    lines = [
        _row(map(_cell, header)),
        _row(rule),
        *(_row(map(_cell, row)) for row in rows[:max_rows]),
    ]
    if len(rows) > max_rows:
        lines += ["", f"{len(rows) - max_rows} more rows are not shown."]
    return "\n".join(lines)


def _row(cells: Iterable[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(value: str) -> str:
    return _escape(" ".join(value.split()))


def _escape(text: str) -> str:
    return _ANYWHERE.sub(r"\\\g<0>", text)
