"""What a person reads when a run is over, and what scripts read of the same."""

import io
import json
from pathlib import Path

import pytest
from rich.console import Console

from components.evaluation.checks import Check
from runners.local.outcome import NOT_BLESSED, RunOutcome, write_run_file
from runners.local.summary import print_summary

NAMES = ("Hat", "Bag", "Shoe")


def _outcome(class_names: tuple[str, ...]) -> RunOutcome:
    below = Check(metric="accuracy", slice="label 1", value=0.9, bound=0.96, passed=False, rows=70)
    return RunOutcome(
        run_id="run",
        exit_code=NOT_BLESSED,
        nodes=(),
        checks=(below,),
        class_names=class_names,
        unmeasured_classes=(0, 2),
    )


@pytest.mark.parametrize(
    ("class_names", "bag", "unmeasured"),
    [(NAMES, "1 (Bag)", "0 (Hat), 2 (Shoe)"), ((), "1", "0, 2")],
)
def test_classes_are_told_by_their_numbers_and_names_if_they_have_any(
    class_names: tuple[str, ...], bag: str, unmeasured: str
):
    output = io.StringIO()

    print_summary(_outcome(class_names), Console(file=output, width=100, markup=False))

    shown = output.getvalue()
    assert f"  accuracy    label {bag}    0.9000" in shown
    assert f"  accuracy of label {bag} is 0.9000 < 0.9600 (70 rows)" in shown
    assert f"held to nothing (thresholds.unmeasured_classes): {unmeasured}\n" in shown


def test_scripts_find_slices_by_their_numbers_and_the_names_beside_them(tmp_path: Path):
    content = json.loads(write_run_file(_outcome(NAMES), tmp_path, {}).read_text())

    assert content["checks"][0]["slice"] == "label 1"
    assert content["class_names"] == ["Hat", "Bag", "Shoe"]
