"""Puts metrics of one class against the rest into a table (no TensorFlow)."""

from collections.abc import Sequence

from components.class_names import show_class
from components.evaluation.checks import OfClass, read_class
from components.run_report.content.evaluation import Evaluation
from components.run_report.page.tables import Table


def list_class_metrics(evaluation: Evaluation, class_names: Sequence[str]) -> Table:
    """Returns a row for each class and a column for each metric; no rows if none was asked for.

    Args:
      evaluation: Of a run.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """
    values = {
        of_class: value
        for name, value in evaluation.metrics.items()
        if (of_class := read_class(name)) is not None
    }
    metrics = list(dict.fromkeys(each.metric for each in values))
    rows = [
        (
            show_class(label, class_names),
            *(f"{values[OfClass(metric, label)]:.4f}" for metric in metrics),
        )
        for label in sorted({each.label for each in values})
    ]
    return Table("Each class against the rest", ("class", *metrics), rows)
