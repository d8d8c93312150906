"""Runs of which something is gone still have a folder of logs each."""

from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from runners.tensorboard.log_folder import LoggedRun, gather_runs
from support.run_report.made_up import make_failed, make_measurements


def _read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_a_run_whose_artifacts_were_deleted_shows_what_its_report_has(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    gone = f"{tmp_path}/gone"

    gather_runs([LoggedRun("run", make_measurements(), gone, gone)], tmp_path / "logs")

    run = tmp_path / "logs/run"
    assert set(_read(run / "train").Tags()["tensors"]) == {"epoch_loss", "epoch_accuracy"}
    assert "misread" in _read(run).Tags()["tensors"]
    assert not _read(run).Tags()["graph"]
    assert f"{gone}: its graph cannot be read" in caplog.text


def test_what_the_trainer_logged_is_copied_and_stays_as_it_is(tmp_path: Path):
    logged = tmp_path / "model_run/train/events.out.tfevents.1.host.2.0.v2"
    logged.parent.mkdir(parents=True)
    logged.write_bytes(b"what Keras wrote")

    gather_runs(
        [LoggedRun("run", make_measurements(), "", f"{tmp_path}/model_run")], tmp_path / "logs"
    )

    copies = [path.read_bytes() for path in (tmp_path / "logs/run/train").iterdir()]
    assert copies == [logged.read_bytes()] == [b"what Keras wrote"]
    assert not (tmp_path / "logs/run/validation").exists(), "the report's curves are not needed"


def test_a_run_that_failed_early_stands_beside_the_others_also_if_its_id_has_a_slash(
    tmp_path: Path,
):
    runs = [
        LoggedRun("scheduled/2026-11-27", make_failed().measurements, "", ""),
        LoggedRun("run", make_measurements(), "", ""),
    ]

    gather_runs(runs, tmp_path)

    assert {path.name for path in tmp_path.iterdir()} == {"scheduled_2026-11-27", "run"}
