"""The logs of a training are kept where they are looked for, and cost it nothing if they cannot."""

import shutil
from pathlib import Path

import pytest

from modules.distribution.members.causes import ClusterFault
from modules.distribution.members.logs import keep_logs, log_name
from modules.hyperparameters import Hyperparameters
from modules.training.job import TrainingJob

REMOTE = "file://"  # a URL to TensorFlow, as gs:// is


def _make_job(folder: Path, *, scheme: str = REMOTE) -> TrainingJob:
    (folder / "checkpoints").mkdir()
    return TrainingJob(
        train_files=(),
        eval_files=(),
        transform_graph_path="",
        model_run_dir=f"{scheme}{folder}/model_run",
        checkpoint_dir=f"{scheme}{folder}/checkpoints",
        hyperparameters=Hyperparameters(),
    )


def _fail(job: TrainingJob) -> ClusterFault:
    def log_and_fail(folder: Path) -> None:
        log = folder / log_name("worker 1")
        log.write_text("last words")
        raise ClusterFault(f"worker 1 was killed. Log: {log}", may_pass=True)

    with pytest.raises(ClusterFault) as raised, keep_logs(job) as folder:
        log_and_fail(folder)
    return raised.value


@pytest.mark.parametrize("scheme", ["", REMOTE])
def test_a_fault_names_the_log_beside_the_checkpoints(tmp_path: Path, scheme: str):
    job = _make_job(tmp_path, scheme=scheme)

    fault = _fail(job)

    assert str(fault) == f"worker 1 was killed. Log: {job.checkpoint_dir}/logs/worker-1.log"
    assert (tmp_path / "checkpoints" / "logs" / "worker-1.log").read_text() == "last words"


def test_a_fault_is_raised_with_the_log_of_this_machine_where_the_storage_takes_none(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    job = _make_job(tmp_path)
    (tmp_path / "checkpoints" / "logs").touch()

    fault = _fail(job)

    assert fault.may_pass
    _, _, log = str(fault).partition(" Log: ")
    assert Path(log).read_text() == "last words"
    shutil.rmtree(Path(log).parent)
    [message] = caplog.messages
    assert message.startswith("Logs could not be copied from ")


@pytest.mark.parametrize("scheme", ["", REMOTE])
def test_a_training_is_done_where_its_logs_cannot_be_kept(
    tmp_path: Path, scheme: str, caplog: pytest.LogCaptureFixture
):
    job = _make_job(tmp_path, scheme=scheme)
    (tmp_path / "model_run").touch()

    with keep_logs(job) as folder:
        (folder / "worker-1.log").touch()

    [message] = caplog.messages
    assert message.startswith("Logs could not be copied from ")


def test_of_a_remote_training_nothing_is_left_on_this_machine(tmp_path: Path):
    with keep_logs(_make_job(tmp_path)) as folder:
        (folder / "worker-1.log").write_text("done")

    assert not folder.exists()
    assert (tmp_path / "model_run" / "worker-1.log").read_text() == "done"
