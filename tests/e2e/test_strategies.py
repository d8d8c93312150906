"""`tfx-mnist run` with each strategy that any machine has: to a blessed, pushed model."""

from collections.abc import Callable
from pathlib import Path

import pytest

from support.waiting import DEADLINE_SECONDS
from support.workspaces import Workspace

STRATEGIES = {
    "one_device": [],
    "mirrored": ["logical_cpus=2"],
    "multi_worker_mirrored": ["workers=2"],
    "parameter_server": ["workers=2"],
}


@pytest.fixture(scope="module")
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    """Returns where all of them run: all but the first find the examples in the cache."""
    return make_workspace()


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_strategy_trains_to_a_pushed_model(workspace: Workspace, strategy: str):
    settings = [
        f"strategy={strategy}",
        *STRATEGIES[strategy],
        "batch_size_per_replica=32",
        f"worker_timeout_seconds={DEADLINE_SECONDS}",
    ]

    run = workspace.run(
        *(f"training.{setting}" for setting in settings),
        # They need not learn the same from so few images.
        "thresholds.max_accuracy_drop=1",
    )

    assert run.exit_code == 0, run.output
    assert run.states["Trainer"] == "complete"
    assert run.outcome["blessed"] is True
    assert (Path(run.outcome["pushed_to"]) / "saved_model.pb").exists()
    # What the chief does in a process of its own is told as what a Trainer does itself.
    assert "Trainer: running\n  epoch 1/2: loss " in run.events
    assert not list((workspace.root / "Trainer" / "backup").iterdir())
