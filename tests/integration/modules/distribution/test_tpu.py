"""A TPU that is not there: one error, that says what was tried and what to do."""

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from modules.distribution.members.causes import ClusterFault
from modules.distribution.tpu import TpuNotFoundError, make_tpu
from modules.hyperparameters import Hyperparameters
from support.project import PROJECT
from support.trainings import Inputs, Training

# In a process of its own: TensorFlow connects with its first operation, or not at all.
MAKE_TPU = """
import sys
from modules.distribution.strategy import make_distribution
from modules.distribution.tpu import TpuNotFoundError
from modules.hyperparameters import Hyperparameters

try:
    make_distribution(Hyperparameters(strategy="tpu", tpu=sys.argv[1]))
except TpuNotFoundError as error:
    print(error)
"""


def ask_for_tpu(name: str, **environment: str) -> str:
    process = subprocess.run(
        [sys.executable, "-c", MAKE_TPU, name],
        cwd=PROJECT,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert process.returncode == 0, process.stderr
    return process.stdout


def test_training_on_a_machine_without_a_tpu_is_told_so(training_inputs: Inputs, tmp_path: Path):
    training = Training(
        training_inputs, tmp_path / "training", strategy="tpu", worker_timeout_seconds=900
    )

    with pytest.raises(ClusterFault) as raised:
        training.run()

    assert not raised.value.may_pass
    message = str(raised.value)
    assert "TpuNotFoundError: training.tpu=local: NotFoundError: TPUs not found" in message
    assert "set training.strategy=mirrored" in message


def test_name_that_nobody_knows_is_told_with_who_was_asked(closed_port: int):
    message = ask_for_tpu("my-tpu", GCE_METADATA_IP=f"127.0.0.1:{closed_port}")

    assert message.startswith("training.tpu=my-tpu: URLError: ")
    assert "Google's metadata server" in message


def test_address_that_refuses_is_told_in_time(closed_port: int):
    check_unanswered(f"grpc://127.0.0.1:{closed_port}")


def test_address_that_never_answers_is_told_in_time():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        check_unanswered(f"grpc://127.0.0.1:{silent.getsockname()[1]}")


def check_unanswered(address: str) -> None:
    hyperparameters = Hyperparameters(strategy="tpu", tpu=address, worker_timeout_seconds=1)

    with pytest.raises(TpuNotFoundError) as raised:
        make_tpu(hyperparameters)

    assert str(raised.value).startswith(
        f"training.tpu={address}: TimeoutError: no gRPC server answered within 0.5 s."
    )
