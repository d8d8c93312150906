"""Runs of which something is gone or damaged still have a folder of logs each."""

from pathlib import Path

import pytest
import tensorflow as tf
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from runners.tensorboard.log_folder import LoggedRun, gather_run
from support.run_report.made_up import make_failed, make_measurements
from support.run_report.made_up_search import make_search


class _Model(tf.Module):
    def __init__(self) -> None:
        super().__init__()
        self.weights = tf.Variable(tf.ones([784, 10]))

    @tf.function(input_signature=[tf.TensorSpec([None, 784])])
    def serve_images(self, images: tf.Tensor) -> tf.Tensor:
        return tf.matmul(images, self.weights)


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """An artifact with a model in it, as a Trainer exports it."""
    folder = tmp_path / "model"
    tf.saved_model.save(_Model(), str(folder / "Format-Serving"))
    return folder


@pytest.fixture
def model_run(tmp_path: Path) -> Path:
    """An artifact with what Keras logs of a training."""
    folder = tmp_path / "model [1]" / "run"
    for part in ("train", "validation"):
        (folder / part).mkdir(parents=True)
        (folder / part / "events.out.tfevents.1.host.2.0.v2").write_bytes(part.encode())
    return folder


def _run(model: Path | str = "", model_run: Path | str = "") -> LoggedRun:
    return LoggedRun("run", make_measurements(), str(model), str(model_run))


def _read(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder))
    events.Reload()
    return events


def test_a_whole_run_has_all_and_what_its_trainer_logged_as_it_is(
    tmp_path: Path, model: Path, model_run: Path
):
    reasons = gather_run(_run(model, model_run), tmp_path / "logs")

    logs = tmp_path / "logs" / "run"
    assert reasons == []
    for part in ("train", "validation"):
        [copy] = (logs / part).iterdir()
        assert copy.read_bytes() == part.encode()
    assert "MatMul" in {node.op for node in _read(logs).Graph().node}
    assert "misread" in _read(logs).Tags()["tensors"]


def test_a_run_whose_artifacts_were_deleted_shows_what_its_report_has(tmp_path: Path):
    gone = f"{tmp_path}/gone"

    reasons = gather_run(_run(gone, gone), tmp_path / "logs")

    logs = tmp_path / "logs" / "run"
    for part in ("train", "validation"):
        assert set(_read(logs / part).Tags()["tensors"]) == {"epoch_loss", "epoch_accuracy"}
    assert "misread" in _read(logs).Tags()["tensors"]
    assert not _read(logs).Tags()["graph"]
    [of_curves, of_graph] = reasons
    assert of_curves.startswith(f"what the Trainer logged is not in {gone}")
    assert of_graph.startswith("graph: ")


def test_half_of_what_the_trainer_logged_is_completed_from_the_report(
    tmp_path: Path, model_run: Path
):
    (model_run / "validation" / "events.out.tfevents.1.host.2.0.v2").unlink()

    gather_run(_run(model_run=model_run), tmp_path / "logs")

    logs = tmp_path / "logs" / "run"
    assert [path.read_bytes() for path in (logs / "train").iterdir()] == [b"train"]
    assert "epoch_accuracy" in _read(logs / "validation").Tags()["tensors"]


def _cut_weights(model: Path) -> None:
    [weights] = model.rglob("variables.data-*")
    weights.write_bytes(weights.read_bytes()[:100])


def _rename_signature(model: Path) -> None:
    [saved] = model.rglob("saved_model.pb")
    saved.write_bytes(saved.read_bytes().replace(b"serve_images", b"other_images"))


@pytest.mark.parametrize("damage", [_cut_weights, _rename_signature])
def test_a_damaged_model_has_no_graph_and_takes_nothing_else_with_it(
    tmp_path: Path, model: Path, model_run: Path, damage: object
):
    damage(model)

    [reason] = gather_run(_run(model, model_run), tmp_path / "logs")

    assert reason.startswith("graph: ")
    assert "misread" in _read(tmp_path / "logs" / "run").Tags()["tensors"]


def test_a_run_that_failed_early_says_what_it_lacks(tmp_path: Path):
    reasons = gather_run(LoggedRun("run", make_failed().measurements, "", ""), tmp_path)

    assert reasons == [
        f"{part}: The run did not get as far." for part in ("training", "evaluation", "predictions")
    ]


def test_trials_of_a_search_are_compared_by_their_hyperparameters(tmp_path: Path):
    run = _run()
    search = make_search(0.99, 0.98, None)
    measured = run.measurements.model_copy(update={"search": search})

    gather_run(run._replace(measurements=measured), tmp_path)

    folders = sorted(path for path in (tmp_path / "run").iterdir() if path.name.startswith("trial"))
    assert [folder.name for folder in folders] == ["trial-01", "trial-02", "trial-03"]
    tags = [_read(folder).Tags()["tensors"] for folder in folders]
    assert ["val_accuracy" in each for each in tags] == [True, True, False]
    assert all("_hparams_/session_start_info" in each for each in tags)


def test_ids_with_a_slash_and_without_it_are_two_folders(tmp_path: Path):
    for run_id in ("a/b", "a_b"):
        gather_run(_run()._replace(name=run_id), tmp_path)

    assert len(list(tmp_path.iterdir())) == 2
