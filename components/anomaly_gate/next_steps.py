"""What a person can do about what the gate found (no TensorFlow)."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

_FIX_THE_DATA = (
    "Look at the data: the report of this run has images of each class and histograms. If they are "
    "wrong, fix them and run again: whatever was computed from good input comes from the cache."
)


class Kind(StrEnum):
    """How something was found; what to do about it follows from that."""

    VALUES = "values"
    SKEW = "skew"
    DRIFT = "drift"
    CLASSES = "classes"
    ROWS = "rows"
    LEAKAGE = "leakage"
    CONTRADICTION = "contradiction"


_NEXT_STEPS: Mapping[Kind, str] = MappingProxyType(
    {
        Kind.VALUES: (
            "If the data are right, the contract (schema_path) is what has to change: "
            "`tfx-mnist schema diff` shows it against these data, `tfx-mnist schema accept` "
            "changes it for you to review and commit."
        ),
        Kind.SKEW: (
            "If a distance between splits is to be accepted, raise the threshold of that "
            "skew_comparator in the contract by hand: no data tell how much is harmless."
        ),
        Kind.DRIFT: (
            "If this is another data set than before, give it a pipeline of its own, since data "
            "and models are compared within one name: `tfx-mnist run --set pipeline_name=NAME "
            "--set data_root=FOLDER`, or compile it under that name. If the same data have "
            "changed as they should, accept them: `tfx-mnist run --accept-new-data {data}`, on an "
            "orchestrator a new run with the parameter examples.new_data_accepted_by set to "
            "NAME@{data}. If they change so much each time, raise the threshold of that "
            "drift_comparator in the contract by hand: no data tell how much change is harmless."
        ),
        Kind.CLASSES: (
            "Give the files rows of each class. A class that is to have none does not belong in "
            "the label's domain in the contract; or name it in thresholds.unmeasured_classes."
        ),
        Kind.LEAKAGE: (
            "What a model was trained on tells nothing of its answers to anything else: take the "
            "shared rows out of one of the two files, or raise examples.max_shared_rows."
        ),
        Kind.CONTRADICTION: (
            "One image has two labels in one file: correct the labels, take one of the two rows "
            "out, or raise examples.max_shared_rows."
        ),
        Kind.ROWS: "Add rows to the train files, or lower examples.min_train_rows.",
    }
)
_SEEN_IN_THE_DATA = {Kind.VALUES, Kind.SKEW, Kind.DRIFT}


def list_next_steps(kinds: Collection[Kind], data: str) -> list[str]:
    """Returns what to do about findings of these kinds, each once.

    Args:
      kinds: How they were found.
      data: By which name the data can be accepted.
    """
    steps = [step.format(data=data) for kind, step in _NEXT_STEPS.items() if kind in kinds]
    return [_FIX_THE_DATA, *steps] if _SEEN_IN_THE_DATA & set(kinds) else steps
