"""A resolver strategy: the last blessed model that is not the candidate itself."""

import ml_metadata as mlmd
from tfx import types
from tfx.dsl.components.common.resolver import Resolver
from tfx.dsl.input_resolution.strategies.latest_blessed_model_strategy import (
    LatestBlessedModelStrategy,
)
from tfx.dsl.io import fileio
from tfx.types import standard_artifacts

CANDIDATE_KEY = "candidate"
MODEL_KEY = "model"


class BaselineModelStrategy(LatestBlessedModelStrategy):
    """TFX's `LatestBlessedModelStrategy` without the candidate, and without models that are gone.

    Once a candidate is blessed, TFX's strategy resolves to it in the next run. A run in which
    nothing changed would then compare the model with itself: the Evaluator's inputs would
    differ from the first time, and it would run again for a comparison that says nothing.
    """

    def resolve_artifacts(
        self, store: mlmd.MetadataStore, input_dict: dict[str, list[types.Artifact]]
    ) -> dict[str, list[types.Artifact]] | None:
        """Resolves the channels `model` and `model_blessing`, given a third, `candidate`."""
        candidates = input_dict[CANDIDATE_KEY]
        candidate_ids = {artifact.id for artifact in candidates}
        others = {
            key: [artifact for artifact in artifacts if artifact.id not in candidate_ids]
            for key, artifacts in input_dict.items()
            if key != CANDIDATE_KEY
        }
        resolved = super().resolve_artifacts(store, others)
        # Metadata also remembers what somebody has deleted to make room.
        while resolved and resolved[MODEL_KEY] and not fileio.exists(resolved[MODEL_KEY][0].uri):
            others[MODEL_KEY].remove(resolved[MODEL_KEY][0])
            resolved = super().resolve_artifacts(store, others)
        return resolved and {**resolved, CANDIDATE_KEY: candidates}


def make_baseline_resolver(candidate: types.BaseChannel) -> Resolver:
    """Returns the node that finds the baseline of `candidate`, as its output `model`."""
    return Resolver(
        strategy_class=BaselineModelStrategy,
        candidate=candidate,
        model=types.Channel(type=standard_artifacts.Model),
        model_blessing=types.Channel(type=standard_artifacts.ModelBlessing),
    )
