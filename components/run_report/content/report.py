"""All that a report says."""

from typing import Literal

from components.run_report.content.data import Data
from components.run_report.content.evaluation import Evaluation, Predictions
from components.run_report.content.origin import Origin
from components.run_report.content.part import Missing, Part
from components.run_report.content.run import Run
from components.run_report.content.search import Search
from components.run_report.content.serving import Serving
from components.run_report.content.training import Training


class Measurements(Part):
    """What follows from artifacts: a run measures it once, and stores it.

    Attributes:
      form: Of what is stored; where it is another one, a report is made anew from the artifacts.
      pipeline_name: The pipeline.
      run_id: The run that measured it; "" if that is not known.
      model_card: Markdown; "" if there is none.
      class_names: How classes are called, from label 0 on; empty if they have no names, as in a
        report of before there were any. Everywhere else they have their numbers.
      search: That of a Tuner; None if the run has none.
    """

    form: Literal[1] = 1
    pipeline_name: str
    run_id: str
    model_card: str
    class_names: tuple[str, ...] = ()
    data: Data | Missing
    training: Training | Missing
    evaluation: Evaluation | Missing
    predictions: Predictions | Missing
    serving: Serving | Missing
    origin: Origin | Missing
    search: Search | Missing | None = None

    @property
    def is_whole(self) -> bool:
        """Whether every part could be made."""
        parts = (getattr(self, name) for name in type(self).model_fields)
        return not any(isinstance(part, Missing) for part in parts)


def nothing_measured(pipeline_name: str, run_id: str, model_card: str) -> Measurements:
    """Returns the measurements of a run that got as far as no artifact."""
    reason = Missing(reason="The run did not get as far.")
    return Measurements(
        pipeline_name=pipeline_name,
        run_id=run_id,
        model_card=model_card,
        data=reason,
        training=reason,
        evaluation=reason,
        predictions=reason,
        serving=reason,
        origin=reason,
    )


class Report(Part):
    """What a page shows.

    Attributes:
      measurements: What follows from artifacts.
      run: The run as a whole; missing as long as it goes on.
    """

    measurements: Measurements
    run: Run | Missing
