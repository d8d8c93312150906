"""Writes the report of a run (ML Metadata, but no TensorFlow)."""

from pathlib import Path

from ml_metadata import MetadataStore

from components.run_report.content.report import Report
from components.run_report.page.rendering import render_comparison, render_page
from components.whole_file import write_whole_file
from pipeline.config import PipelineConfig
from runners.metadata.records import read_run
from runners.run_report.measurements import find_measurements
from runners.run_report.record import Known, read_run_record


def make_report(
    store: MetadataStore, config: PipelineConfig, run_id: str, known: Known | None = None
) -> Report:
    """Returns the report of a run.

    Args:
      store: The metadata that the run wrote to.
      config: The pipeline.
      run_id: The run; one that is not in metadata has an empty report.
      known: What the caller knows of its end beyond metadata.
    """
    records = read_run(store, run_id, config.pipeline_name)
    return Report(
        measurements=find_measurements(store, run_id, records, config),
        run=read_run_record(store, config.pipeline_name, run_id, records, known),
    )


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
