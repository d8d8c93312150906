"""Puts the report of a run together (ML Metadata, but no TensorFlow)."""

from ml_metadata import MetadataStore

from components.run_report.content.report import Report
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
