"""A resolver strategy: the accepted statistics that the current ones are compared with."""

import ml_metadata as mlmd
from tfx.dsl.components.common.resolver import Resolver, ResolverStrategy
from tfx.dsl.io import fileio
from tfx.types import Artifact, BaseChannel, Channel
from tfx.types.standard_artifacts import ExampleStatistics

from components.anomaly_gate.acceptance import ACCEPTED_BY_PROPERTY, ACCEPTED_STATISTICS_KEY
from components.anomaly_gate.accepted_statistics import SOURCE_STATISTICS_PROPERTY

STATISTICS_KEY = "statistics"


class PreviousStatisticsStrategy(ResolverStrategy):
    """Resolves `accepted_statistics` to the latest that does not come from `statistics`.

    Statistics become accepted by passing the gate, so a data set that it refused never becomes
    what the next one is compared with. The current statistics are left out: a run in which
    nothing changed would otherwise find them accepted by the run before, compare the data with
    itself, and miss the cache for it. But where somebody accepted their drift, they are what they
    are compared with from then on, or the next run would refuse them again.
    """

    def resolve_artifacts(
        self,
        store: mlmd.MetadataStore,  # noqa: ARG002 - TFX's signature
        input_dict: dict[str, list[Artifact]],
    ) -> dict[str, list[Artifact]] | None:
        """Resolves the channel `accepted_statistics`, given the current `statistics`.

        Returns:
          Both channels; `accepted_statistics` is empty until a data set was accepted.
        """
        current_ids = {statistics.id for statistics in input_dict[STATISTICS_KEY]}
        newest_first = sorted(
            input_dict[ACCEPTED_STATISTICS_KEY], key=lambda statistics: statistics.id, reverse=True
        )
        accepted = (
            statistics
            for statistics in newest_first
            # What StatisticsGen itself put out is of the same type, but was not accepted yet.
            if statistics.has_custom_property(SOURCE_STATISTICS_PROPERTY)
            and (
                statistics.get_int_custom_property(SOURCE_STATISTICS_PROPERTY) not in current_ids
                or statistics.has_custom_property(ACCEPTED_BY_PROPERTY)
            )
            # Metadata also remembers what somebody has deleted to make room.
            and fileio.exists(statistics.uri)
        )
        latest = next(accepted, None)
        return {**input_dict, ACCEPTED_STATISTICS_KEY: [latest] if latest else []}


def make_previous_statistics_resolver(statistics: BaseChannel) -> Resolver:
    """Returns the node that finds what `statistics` are compared with: `accepted_statistics`."""
    return Resolver(
        strategy_class=PreviousStatisticsStrategy,
        statistics=statistics,
        accepted_statistics=Channel(type=ExampleStatistics),
    )
