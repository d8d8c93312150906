"""Writes the report's charts as pictures that stand alone."""

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType

from markupsafe import Markup

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


def write_plot(path: Path, chart: Markup, legend: Mapping[str, str] = _NO_LEGEND) -> None:
    """Writes a chart as an SVG file.

    Args:
      path: The file.
      chart: From `components.run_report.charts`, with the classes a to e as colours.
      legend: What each colour is.
    """
    names = Markup("").join(
        Markup('<text class="{}" x="60" y="{}">{}</text>').format(css, 24 + 14 * number, name)
        for number, (css, name) in enumerate(legend.items())
    )
    svg = chart.replace("<svg ", '<svg xmlns="http://www.w3.org/2000/svg" width="720" ', 1)
    opening, rest = svg.split(">", 1)
    content = rest.removesuffix("</svg>")
    path.write_text(f"{opening}><style>{_STYLE}</style>{content}{names}</svg>\n")
