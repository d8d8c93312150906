"""Markdown around values that know nothing of it."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from components.anomaly_gate.report import Finding, render_refusal
from runners.report.markdown import paragraph, table
from support.markdown_reader import read_paragraphs, read_tables

PRINTABLE = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1)


@given(PRINTABLE)
def test_whatever_a_line_is_made_of_is_shown_as_it_is(line: str):
    assert read_paragraphs(paragraph(line)) == [line]


@given(PRINTABLE)
def test_whatever_a_cell_is_made_of_is_shown_as_it_is(value: str):
    assert read_tables(table(("name", "number"), [(value, "1")])) == [
        [["name", "number"], [value, "1"]]
    ]


@pytest.mark.parametrize(
    "line",
    [
        "# no heading",
        "1. no list",
        "- no list",
        "> no quote",
        "---",
        "===",
        "<class 'int'> is no HTML",
        "expected a | b",
        "~~no~~ ~~strike~~",
        r"C:\data",
        "&lt; stays",
        "_a_ *b* `c` [d](e)",
    ],
)
def test_a_line_that_looks_like_markdown_is_text_among_other_lines(line: str):
    lines = ["the data are wrong:", line, "look at them"]

    assert read_paragraphs(paragraph("\n".join(lines))) == ["\n".join(lines)]


def test_a_refusal_of_the_anomaly_gate_keeps_its_numbered_lines():
    findings = [
        Finding(
            where=f"split {split}",
            feature="ink_fraction",
            short_description="Out-of-range values",
            description="Unexpectedly low values: 0<0.01.",
            seen="FLOAT in 4 of 4 examples",
        )
        for split in ("train", "eval")
    ]
    refusal = render_refusal(
        findings, "train-images-idx3-ubyte in /data", data="0123456789ab", acceptance="nobody"
    )

    assert read_paragraphs(paragraph(refusal)) == [refusal]


def test_blank_lines_and_indents_do_not_tear_a_message_apart():
    assert read_paragraphs(paragraph("it failed:\n\n    in line 3\n\n")) == [
        "it failed:\nin line 3"
    ]


def test_the_lines_of_a_cell_become_one():
    assert read_tables(table(("found",), [("low\n  values",)])) == [[["found"], ["low values"]]]


def test_of_a_long_table_the_first_rows_are_shown_and_the_others_counted():
    markdown = table(("row",), [(str(row),) for row in range(12)], max_rows=10)

    [rows] = read_tables(markdown)
    assert rows == [["row"], *([str(row)] for row in range(10))]
    assert read_paragraphs(markdown)[-1] == "2 more rows are not shown."
