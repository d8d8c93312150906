"""The pieces that drawings are made of; all text is escaped (no TensorFlow)."""

from collections.abc import Iterable

from markupsafe import Markup


def frame(width: float, height: float, title: str, parts: Iterable[Markup]) -> Markup:
    """Returns a drawing.

    Args:
      width: In units of the drawing, which is as wide as the page lets it be.
      height: In the same units.
      title: What it shows, for those who do not see it.
      parts: What it is made of, back to front.
    """
    head = Markup('<svg class="chart" role="img" aria-label="{2}" viewBox="0 0 {0} {1}">').format(
        width, height, title
    )
    return head + Markup("").join(parts) + Markup("</svg>")


def text(x: float, y: float, content: str, css: str = "") -> Markup:
    """Returns a text that stands at a place."""
    return Markup('<text x="{}" y="{}" class="{}">{}</text>').format(x, y, css, content)


def line(start: tuple[float, float], end: tuple[float, float], css: str) -> Markup:
    """Returns a straight line."""
    return Markup('<line x1="{}" y1="{}" x2="{}" y2="{}" class="{}"/>').format(*start, *end, css)


def path(points: Iterable[tuple[float, float]], css: str) -> Markup:
    """Returns a line through points."""
    places = " L".join(f"{x:g} {y:g}" for x, y in points)
    return Markup('<path d="M{}" class="{}"/>').format(places, css)


def rectangle(x: float, y: float, width: float, height: float, css: str, tip: str = "") -> Markup:
    """Returns a filled rectangle, with what a pointer that rests on it is told."""
    return Markup('<rect x="{:g}" y="{:g}" width="{:g}" height="{:g}" class="{}">{}</rect>').format(
        x, y, width, height, css, _tooltip(tip)
    )


def dot(x: float, y: float, css: str, tip: str = "") -> Markup:
    """Returns a dot, with what a pointer that rests on it is told."""
    return Markup('<circle cx="{:g}" cy="{:g}" r="3" class="{}">{}</circle>').format(
        x, y, css, _tooltip(tip)
    )


def _tooltip(tip: str) -> Markup:
    return Markup("<title>{}</title>").format(tip) if tip else Markup("")
