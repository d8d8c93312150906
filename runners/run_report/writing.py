"""Writes the report of a run as a page (no TensorFlow)."""

from pathlib import Path

from components.run_report.content.report import Report
from components.run_report.page.rendering import render_comparison, render_page
from components.whole_file import write_whole_file


def write_report(report: Report, path: Path | str, *, compared_with: Report | None = None) -> None:
    """Writes the page of a run or of two of them, whole or not at all.

    Args:
      report: Of the run.
      path: In a folder that exists; a string where it may be remote.
      compared_with: The other run, if there is one.

    Raises:
      OSError: It cannot be written, and is as it was. For a remote one, the error is its client's.
    """
    page = render_comparison(report, compared_with) if compared_with else render_page(report)
    write_whole_file(path, page)
