"""Writes the report's charts as pictures that stand alone."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup

from components.run_report.charts import svg

_WIDTH, _NAMES_WIDTH, _VALUES_WIDTH, _ROW_HEIGHT = 480, 150, 40, 20
_COLOURS = {"a": "#1f6feb", "b": "#d1242f", "c": "#1a7f37", "d": "#9a6700", "e": "#8250df"}
_STYLE = (
    "svg{background:#fff;font:11px sans-serif}text{fill:#57606a}"
    ".grid{stroke:#d0d7de}.axis{stroke:#57606a}.line{fill:none;stroke-width:2}"
    ".end{text-anchor:end}.middle{text-anchor:middle}"
    + "".join(
        f".line.{css}{{stroke:{colour}}}.dot.{css},.bar.{css},text.{css}{{fill:{colour}}}"
        for css, colour in _COLOURS.items()
    )
)
_NO_LEGEND: Mapping[str, str] = MappingProxyType({})


def draw_rows(values: Mapping[str, float], *, title: str) -> Markup:
    """Returns a chart with a bar from left to right for each name, and its value beside it."""
    longest = max(values.values())
    parts = []
    for number, (name, value) in enumerate(values.items()):
        top = _ROW_HEIGHT * number
        width = (_WIDTH - _NAMES_WIDTH - _VALUES_WIDTH) * value / longest
        parts += [
            svg.text(_NAMES_WIDTH - 8, top + 14, name, "end"),
            svg.rectangle(_NAMES_WIDTH, top + 3, width, _ROW_HEIGHT - 5, "bar a"),
            svg.text(_NAMES_WIDTH + width + 6, top + 14, f"{value:.1f}"),
        ]
    return svg.frame(_WIDTH, _ROW_HEIGHT * len(values), title, parts)


def write_plot(
    path: Path,
    chart: Markup,
    legend: Mapping[str, str] = _NO_LEGEND,
    *,
    legend_left: float = 60,
) -> None:
    """Writes a chart as an SVG file.

    Args:
      path: The file.
      chart: From `components.run_report.charts`, with the classes a to e as colours.
      legend: What each colour is.
      legend_left: Where its names begin, of the chart's 480 from left to right.
    """
    names = Markup("").join(
        svg.text(legend_left, 24 + 14 * number, name, css)
        for number, (css, name) in enumerate(legend.items())
    )
    alone = str(chart).replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="720" ', 1)
    opening, rest = alone.split(">", 1)
    content = rest.removesuffix("</svg>")
    path.write_text(f"{opening}><style>{_STYLE}</style>{content}{names}</svg>\n")
