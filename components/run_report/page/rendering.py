"""Renders a report as one page of HTML that needs nothing else (no TensorFlow)."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup

from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.page import figures, tables
from components.run_report.page.model_card import render_card
from components.run_report.page.verdict import find_verdict

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_FOLDER = Path(__file__).with_name("templates")

TEMPLATES = sorted(_FOLDER.iterdir())
"""All that a page is made from beside code."""

logger = logging.getLogger(__name__)

SECTIONS: Mapping[str, str] = MappingProxyType(
    {
        "verdict": "Verdict",
        "flow": "Flow",
        "data": "Data",
        "training": "Training",
        "evaluation": "Evaluation",
        "serving": "Serving",
        "lineage": "Lineage and cost",
        "model-card": "Model card",
    }
)
"""Titles by id, in the order in which a person asks."""


def render_page(report: Report) -> str:
    """Returns the page; whatever the data say in it is text, never markup.

    A section that cannot be drawn says so, and the others are there.
    """
    measurements = report.measurements
    shown = {
        **{name: getattr(measurements, name) for name in type(measurements).model_fields},
        "run": report.run,
        "verdict": find_verdict(report),
        "figures": figures,
        "tables": tables,
    }
    return (
        _make_environment()
        .get_template("report.html.j2")
        .render(
            shown,
            sections=SECTIONS,
            style=Markup((_FOLDER / "style.css").read_text(encoding="utf-8")),  # noqa: S704 - ours
            contents={name: _render_section(name, shown) for name in SECTIONS},
        )
    )


def _render_section(name: str, shown: Mapping[str, Any]) -> Markup:
    environment = _make_environment()
    try:
        content = environment.get_template(f"{name}.html.j2").render(shown)
    except Exception as error:  # whatever numbers nobody thought of
        logger.warning("The section %s of a report cannot be drawn", name, exc_info=True)
        reason = f"This section cannot be drawn: {type(error).__name__}: {error}"
        content = environment.get_template("undrawn.html.j2").render(
            id=name, title=SECTIONS[name], reason=reason
        )
    return Markup(content)  # noqa: S704 - rendered with all that data say escaped


@cache
def _make_environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_FOLDER),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.tests["missing"] = _is_missing
    environment.globals.update(render_card=render_card)
    environment.filters.update(
        share=lambda value: f"{value:.1%}".replace("%", f"{_NO_BREAK_SPACE}%"),
        count=lambda value: f"{value:,}",
        fixed=lambda value: f"{value:.4f}",
        seconds=lambda value: f"{value:.1f} s",
    )
    return environment


def _is_missing(part: Any) -> bool:
    return isinstance(part, Missing)
