"""Processes that a platform has started train together: what they wait for, and for how long."""

import os
import select
import socket
from pathlib import Path

import pytest

from modules.distribution.cluster import Cluster
from modules.distribution.platform_member import ChiefsExport
from support.distribution.platform import Ended, log_of, start_all, started
from support.free_ports import find_free_addresses
from support.trainings import Inputs, Training
from support.waiting import DEADLINE_SECONDS, wait_until

OF_AN_EARLIER_TRY = "of an earlier try"


@pytest.fixture(scope="module")
def served(training_inputs: Inputs, tmp_path_factory: pytest.TempPathFactory) -> Training:
    """Returns a training by parameter servers, before which another try has exported."""
    folder = tmp_path_factory.mktemp("served") / "training"
    settings = {"strategy": "parameter_server", "workers": 1, "epochs": 1}
    training = Training(
        training_inputs, folder, **settings, worker_timeout_seconds=DEADLINE_SECONDS
    )
    training.serving_model_dir.mkdir(parents=True)
    (training.serving_model_dir / "saved_model.pb").write_text(OF_AN_EARLIER_TRY)
    return training


@pytest.fixture(scope="module")
def ended(served: Training) -> dict[str, Ended]:
    """Returns how the processes of that training ended."""
    return start_all(served, {"chief": 1, "worker": 1, "ps": 1})


def test_workers_and_servers_serve_until_the_chief_has_exported(
    ended: dict[str, Ended], served: Training
):
    assert {name: each.exit_code for name, each in ended.items()} == {
        "chief 0": 0,
        "worker 0": 0,
        "ps 0": 0,
    }, ended
    assert "Epoch 1/1: loss" in ended["chief 0"].log
    assert [row["epoch"] for row in served.history] == [1]
    assert list(served.backup.iterdir()) == []


@pytest.mark.usefixtures("ended")
def test_the_chief_replaces_what_an_earlier_try_has_exported(served: Training):
    assert (
        OF_AN_EARLIER_TRY.encode() not in (served.serving_model_dir / "saved_model.pb").read_bytes()
    )
    assert (served.serving_model_dir / "variables").is_dir()


@pytest.mark.parametrize(
    ("strategy", "counts", "present"),
    [
        ("multi_worker_mirrored", {"chief": 1, "worker": 1}, "chief 0"),
        ("parameter_server", {"chief": 1, "worker": 2, "ps": 1}, "chief 0"),
    ],
)
def test_a_process_whose_peers_never_come_ends_by_itself_and_says_where_it_waited(
    training_inputs: Inputs, tmp_path: Path, strategy: str, counts: dict[str, int], present: str
):
    waits = {"start_timeout_seconds": 0.5, "worker_timeout_seconds": 0.5}
    training = Training(training_inputs, tmp_path / "alone", strategy=strategy, workers=2, **waits)

    ended = start_all(training, counts, present=present)

    assert ended[present].exit_code == 1
    assert "waiting for all of" in ended[present].log
    assert "Timeout (0:00:01)!" in ended[present].log
    assert not training.serving_model_dir.exists()


def test_a_server_to_which_no_chief_comes_ends_by_itself(training_inputs: Inputs, tmp_path: Path):
    waits = {"start_timeout_seconds": 0.5, "worker_timeout_seconds": 0.5}
    training = Training(
        training_inputs, tmp_path / "alone", strategy="parameter_server", workers=1, **waits
    )

    ended = start_all(training, {"chief": 1, "worker": 1, "ps": 1}, present="ps 0")

    assert ended["ps 0"].exit_code == 1
    assert "the chief has not listened for 1 s, and has exported nothing" in ended["ps 0"].log


def test_a_server_whose_chief_is_lost_ends_by_itself(training_inputs: Inputs, tmp_path: Path):
    waits = {"start_timeout_seconds": DEADLINE_SECONDS, "worker_timeout_seconds": 0.5}
    training = Training(
        training_inputs, tmp_path / "left", strategy="parameter_server", workers=1, **waits
    )
    addresses = {task: find_free_addresses(1) for task in ("chief", "worker", "ps")}
    [chief] = addresses["chief"]
    server = Cluster(addresses=addresses, task="ps", index=0)
    with (
        socket.create_server(("127.0.0.1", int(chief.rpartition(":")[2]))) as listening,
        started(training, [server]) as processes,
    ):
        process = processes["ps 0"]
        wait_until(
            lambda: select.select([listening], [], [], 0)[0] or process.poll() is not None,
            "the server to look for its chief",
        )
        listening.close()

        exit_code = process.wait()

    assert exit_code == 1
    log = log_of(training, "ps 0").read_text()
    assert f"{chief}: the chief has not listened for 0.5 s, and has exported nothing" in log


def test_the_export_of_an_earlier_try_is_not_waited_for(tmp_path: Path):
    model = tmp_path / "model" / "saved_model.pb"
    model.parent.mkdir()
    model.write_text(OF_AN_EARLIER_TRY)
    os.utime(model, (0, 0))
    export = ChiefsExport(str(model.parent))

    with pytest.raises(TimeoutError, match="expected the chief's export within 0 s after the tra"):
        export.wait(0)

    export.clear()
    assert not model.parent.exists()
    model.parent.mkdir()
    model.touch()
    export.wait(0)


def test_storage_that_gives_no_answer_is_asked_again(tmp_path: Path):
    model = tmp_path / "model"
    export = ChiefsExport(str(model))

    model.touch()  # what is asked for would lie in a file, which is neither yes nor no
    assert not export.is_there()

    model.unlink()
    model.mkdir()
    (model / "saved_model.pb").touch()
    assert export.is_there()
