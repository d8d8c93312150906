"""What a person can do about what the gate found (no TensorFlow)."""

from collections.abc import Collection, Mapping
from enum import StrEnum
from types import MappingProxyType

from components.anomaly_gate.acceptance import NOBODY, find_acceptor

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
            "changes it for you to review and commit. The sizes of images and the labels are those "
            "of the configuration (data.height, data.width, data.num_classes)."
        ),
        Kind.SKEW: (
            "If a distance between splits is to be accepted, raise the threshold of that "
            "skew_comparator in the contract by hand: no data tell how much is harmless."
        ),
        Kind.DRIFT: (
            "If this is another data set than before, give it a pipeline of its own, since data "
            "and models are compared within one name: `tfx-mnist run --set pipeline_name=NAME "
            "--set data_root=FOLDER`, or compile it under that name. If the data change so much "
            "each time, raise the threshold of that drift_comparator in the contract by hand: no "
            "data tell how much change is harmless."
        ),
        Kind.CLASSES: (
            "Give the files rows of each class. A class that is to have none is named in "
            "thresholds.unmeasured_classes, or left out of the label's domain in the contract."
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
_ACCEPT_DRIFT = (
    "If the same data have changed as they should, accept them: `tfx-mnist run --accept-new-data "
    "{data}`, on an orchestrator a new run with the parameter examples.new_data_accepted_by set to "
    "NAME@{data}."
)
_OF_THESE_FILES = (
    "{data} stands for these files as they are: once they are changed for the other findings, "
    "they have another name."
)
_ACCEPTS_OTHERS = "This run was told {acceptance}: that is the name of other data than these."
_HAVE_NO_NAME = (
    "These data have no name by which somebody could accept their drift: their ExampleGen notes "
    "neither files nor a fingerprint of its input."
)
_SEEN_IN_THE_DATA = {Kind.VALUES, Kind.SKEW, Kind.DRIFT}


def list_next_steps(kinds: Collection[Kind], data: str, acceptance: str) -> list[str]:
    """Returns what to do about findings of these kinds, each once.

    Args:
      kinds: How they were found.
      data: By which name the data can be accepted; "" if they have none.
      acceptance: Who accepts the drift of which data; see `acceptance`.
    """
    acceptor = find_acceptor(acceptance, data)
    others = set(kinds) - {Kind.DRIFT}
    steps = [step for kind, step in _NEXT_STEPS.items() if kind in others]
    if Kind.DRIFT in kinds and acceptor:
        steps.append(f"The drift of {data} is accepted by {acceptor}.")
    elif Kind.DRIFT in kinds:
        steps += _list_steps_of_drift(data, acceptance)
    if Kind.DRIFT in kinds and others and data:
        steps.append(_OF_THESE_FILES.format(data=data))
    to_look_at = others if acceptor else set(kinds)
    return [_FIX_THE_DATA, *steps] if _SEEN_IN_THE_DATA & to_look_at else steps


def _list_steps_of_drift(data: str, acceptance: str) -> list[str]:
    accept = _ACCEPT_DRIFT.format(data=data) if data else _HAVE_NO_NAME
    told = [] if acceptance == NOBODY else [_ACCEPTS_OTHERS.format(acceptance=acceptance)]
    return [*told, accept, _NEXT_STEPS[Kind.DRIFT]]
