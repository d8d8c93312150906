"""Renders a report as one page of HTML that needs nothing else (no TensorFlow)."""

import logging
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from types import MappingProxyType
from typing import Any

import jinja2
from markupsafe import Markup

from components.class_names import show_class
from components.evaluation.checks import read_class, worth_telling
from components.run_report.content.part import Missing
from components.run_report.content.report import Report
from components.run_report.page import comparing, figures, tables
from components.run_report.page.class_metrics import list_class_metrics
from components.run_report.page.model_card import render_card
from components.run_report.page.verdict import find_verdict

_NO_BREAK_SPACE = "\N{NO-BREAK SPACE}"
_FOLDER = Path(__file__).with_name("templates")

TEMPLATES = sorted(path for path in _FOLDER.rglob("*") if path.is_file())
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

COMPARED: Mapping[str, str] = MappingProxyType(
    {
        "verdict": "Verdicts",
        "figures": "Figures",
        "training": "Training",
        "evaluation": "Evaluation",
        "misread": "Misread",
        "lineage": "What differs",
    }
)
"""The same for a page that compares two runs."""


def render_page(report: Report) -> str:
    """Returns the page; whatever the data say in it is text, never markup.

    A section that cannot be drawn says so, and the others are there.
    """
    measurements, verdict = report.measurements, find_verdict(report)
    shown = {
        **{name: getattr(measurements, name) for name in type(measurements).model_fields},
        "run": report.run,
        "verdict": verdict,
        "figures": figures,
        "tables": tables,
    }
    return _lay_out(
        title=f"{verdict.headline} - {measurements.pipeline_name}",
        heading=measurements.pipeline_name or "Pipeline",
        subtitle=_describe(report),
        sections=SECTIONS,
        contents={
            name: _render_section(f"{name}.html.j2", name, title, shown)
            for name, title in SECTIONS.items()
        },
        tone=verdict.tone,
    )


def render_comparison(first: Report, second: Report) -> str:
    """Returns a page that shows two runs side by side, as far as both have what is compared."""
    pipeline_name = second.measurements.pipeline_name or "Pipeline"
    shown = {
        "reports": (first, second),
        "comparing": comparing,
        "figures": figures,
        "find_verdict": find_verdict,
    }
    return _lay_out(
        title=f"Two runs of {pipeline_name}",
        heading=f"{pipeline_name}: two runs",
        subtitle=f"A: {_describe(first)}. B: {_describe(second)}.",
        sections=COMPARED,
        contents={
            name: _render_section(f"comparison/{name}.html.j2", name, title, shown)
            for name, title in COMPARED.items()
        },
        tone="",
    )


def _lay_out(**shown: Any) -> str:
    style = Markup((_FOLDER / "style.css").read_text(encoding="utf-8"))  # noqa: S704 - ours
    return _make_environment().get_template("layout.html.j2").render(shown, style=style)


def _describe(report: Report) -> str:
    if isinstance(report.run, Missing):
        return f"Run {report.measurements.run_id or 'of an unknown id'}"
    started = f", started {report.run.history[-1].started}" if report.run.history else ""
    return f"Run {report.run.run_id}{started}"


def _render_section(template: str, name: str, title: str, shown: Mapping[str, Any]) -> Markup:
    environment = _make_environment()
    try:
        content = environment.get_template(template).render(shown, id=name, title=title)
    except Exception as error:  # whatever numbers nobody thought of
        logger.warning("The section %s of a report cannot be drawn", name, exc_info=True)
        reason = f"This section cannot be drawn: {type(error).__name__}: {error}"
        content = environment.get_template("undrawn.html.j2").render(
            id=name, title=title, reason=reason
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
    environment.globals.update(
        list_class_metrics=list_class_metrics,
        read_class=read_class,
        render_card=render_card,
        worth_telling=worth_telling,
    )
    environment.filters.update(
        named=show_class,
        share=lambda value: f"{value:.1%}".replace("%", f"{_NO_BREAK_SPACE}%"),
        count=lambda value: f"{value:,}",
        fixed=lambda value: f"{value:.4f}",
        seconds=lambda value: f"{value:.1f} s",
    )
    return environment


def _is_missing(part: Any) -> bool:
    return isinstance(part, Missing)
