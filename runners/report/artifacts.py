"""Artifacts as a person wants to read them: a section of Markdown for each.

What is shown depends on an artifact's type, so that other nodes that make artifacts of these types
have reports too. It is read from the artifact, and is the same for a cached node.
"""

import logging
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ml_metadata.proto import metadata_store_pb2
from tensorflow_metadata.proto.v0.statistics_pb2 import DatasetFeatureStatisticsList
from tfx.components.statistics_gen.stats_artifact_utils import load_statistics
from tfx.types import Artifact, standard_artifacts

from components.anomaly_gate.acceptance import read_accepted_drift
from components.anomaly_gate.accepted_statistics import SOURCE_STATISTICS_PROPERTY
from components.anomaly_gate.reading import read_anomalies
from components.anomaly_gate.report import find_anomalies
from components.evaluation.checks import worth_telling
from components.evaluation.result import read_evaluation
from components.idx_example_gen.row_counts import num_rows_property
from components.idx_example_gen.shared_rows import read_shared_rows
from components.idx_example_gen.source_files import source_files
from components.model_run import read_history
from runners.failure import cause_of
from runners.metadata.artifacts import properties_of
from runners.report.markdown import paragraph, table
from runners.report.statistics_tables import render_statistics

logger = logging.getLogger(__name__)


def render_artifact(record: metadata_store_pb2.Artifact, class_names: Sequence[str] = ()) -> str:
    """Returns a section on an artifact, "" if there is nothing to show of its type.

    Args:
      record: What metadata knows of it.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    if record.type not in _RENDERERS:
        return ""
    artifact_class, render = _RENDERERS[record.type]
    try:
        artifact = artifact_class()
        artifact.set_mlmd_artifact(record)
        return render(artifact, class_names)
    except Exception as error:
        logger.warning("%s cannot be shown in the report", record.uri, exc_info=True)
        return paragraph(f"{record.type} cannot be shown: {cause_of(error)}")


def _render_examples(examples: Artifact, _: Sequence[str]) -> str:
    properties = properties_of(examples.mlmd_artifact)
    rows = [
        (split, f"{properties[name]:,}", _count_shared_rows(properties, split))
        for split in examples.splits
        if (name := num_rows_property(split)) in properties
    ]
    files = source_files(properties)
    tables = [
        table(("split", "examples", "images also in train"), rows) if rows else "",
        table(("source file", "SHA-256"), files.items(), text_columns=2) if files else "",
    ]
    return "\n\n".join(filter(None, tables))


def _count_shared_rows(properties: Mapping[str, Any], split: str) -> str:
    shared = read_shared_rows(properties, split)
    return "" if shared is None else f"{shared.rows:,}"


def _render_statistics(statistics: Artifact, class_names: Sequence[str]) -> str:
    if source := statistics.get_int_custom_property(SOURCE_STATISTICS_PROPERTY):
        return _render_acceptance(source, properties_of(statistics.mlmd_artifact))
    return render_statistics(
        {
            split: load_statistics(statistics, split).get_default_slice_or_die().proto()
            for split in statistics.splits
        },
        class_names,
    )


def _render_acceptance(source: int, properties: Mapping[str, Any]) -> str:
    accepted = read_accepted_drift(properties)
    if accepted is None:
        return (
            "No anomalies, and no distance over its threshold that chance does not explain: the "
            f"statistics with the id {source} are accepted."
        )
    return paragraph(
        f"The statistics with the id {source} are accepted by {accepted.name} ({accepted.time}), "
        f"although they have drifted: {' '.join(accepted.drift)}"
    )


def _render_anomalies(anomalies: Artifact, _: Sequence[str]) -> str:
    findings = [
        finding
        for split in anomalies.splits
        for finding in find_anomalies(
            split,
            read_anomalies(anomalies, split),
            DatasetFeatureStatisticsList(),  # what was seen is in the report of the statistics
        )
    ]
    if not findings:
        return paragraph(f"No anomalies in the splits {', '.join(anomalies.splits)}.")
    return table(
        ("where", "feature", "found", "description"),
        [
            (finding.where, finding.feature, finding.short_description, finding.description)
            for finding in findings
        ],
        text_columns=4,
    )


def _render_training(model_run: Artifact, _: Sequence[str]) -> str:
    """Shows the file that modules.trainer keeps of its epochs; another trainer may have none."""
    try:
        history = read_history(model_run.uri)
    except FileNotFoundError:
        return ""
    metrics = [name for name in history[0] if name != "epoch"]
    rows = [(str(epoch["epoch"]), *(f"{epoch[name]:.4f}" for name in metrics)) for epoch in history]
    return table(("epoch", *metrics), rows, text_columns=0)


def _render_evaluation(evaluation: Artifact, class_names: Sequence[str]) -> str:
    result = read_evaluation(evaluation.uri)
    checks = [
        (
            check.metric,
            check.slice,
            check.received,
            check.expected,
            "" if check.rows is None else f"{check.rows:,}",
            check.verdict,
        )
        for check in worth_telling(result.checks, class_names)
    ]
    checked = {check.metric for check in result.checks}
    others = [
        (name, "all", f"{value:.4f}", "", "" if result.rows is None else f"{result.rows:,}", "")
        for name, value in result.metrics.items()
        if name not in checked
    ]
    return table(
        ("metric", "slice", "value", "expected", "rows", "verdict"),
        [*checks, *others],
        text_columns=2,
    )


_RENDERERS: Mapping[str, tuple[type[Artifact], Callable[[Artifact, Sequence[str]], str]]] = {
    artifact_class.TYPE_NAME: (artifact_class, render)
    for artifact_class, render in (
        (standard_artifacts.Examples, _render_examples),
        (standard_artifacts.ExampleStatistics, _render_statistics),
        (standard_artifacts.ExampleAnomalies, _render_anomalies),
        (standard_artifacts.ModelRun, _render_training),
        (standard_artifacts.ModelEvaluation, _render_evaluation),
    )
}
