"""Renders the model card, which people write in Markdown (no TensorFlow)."""

from markdown_it import MarkdownIt
from markupsafe import Markup


def render_card(text: str) -> Markup:
    """Returns HTML; what would be HTML in the text already stands there as text.

    Its headings begin two levels lower, to stand below the section's.
    """
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(text)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = f"h{min(int(token.tag[1:]) + 2, 6)}"
    return Markup(markdown.renderer.render(tokens, markdown.options, {}))  # noqa: S704 - escaped
