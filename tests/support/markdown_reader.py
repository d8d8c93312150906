"""Reads Markdown as a viewer shows it."""

from itertools import pairwise

from markdown_it import MarkdownIt
from markdown_it.token import Token


def read_tables(markdown: str) -> list[list[list[str]]]:
    """Returns the cells of each table, row by row, the header first."""
    tables: list[list[list[str]]] = []
    for token, inner in pairwise(_parse(markdown)):
        match token.type:
            case "table_open":
                tables.append([])
            case "tr_open":
                tables[-1].append([])
            case "th_open" | "td_open":
                tables[-1][-1].append(_text(inner))
    return tables


def read_paragraphs(markdown: str) -> list[str]:
    """Returns the text of each paragraph, its lines as they are shown."""
    return [
        _text(inner)
        for token, inner in pairwise(_parse(markdown))
        if token.type == "paragraph_open"
    ]


def read_code(markdown: str) -> dict[tuple[str, str], str]:
    """Returns the first block of code in each language below each heading, by both."""
    heading, blocks = "", {}
    for token, inner in pairwise(_parse(markdown)):
        if token.type == "heading_open":
            heading = _text(inner)
        elif token.type == "fence":
            blocks.setdefault((heading, token.info), token.content)
    return blocks


def read_blocks(markdown: str) -> list[tuple[str, str]]:
    """Returns the blocks of code in their order, each with its language."""
    return [(token.info, token.content) for token in _parse(markdown) if token.type == "fence"]


def _parse(markdown: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(markdown)


def _text(inline: Token) -> str:
    children = inline.children or []
    return "".join("\n" if child.type == "hardbreak" else child.content for child in children)
