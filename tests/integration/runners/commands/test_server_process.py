"""A server ends when it is told to, whatever it is doing."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.free_ports import find_free_ports
from support.programs import SERVE
from support.waiting import DEADLINE_SECONDS, wait_until

# The main thread gets the signal while it holds the lock that stopping the server needs.
HOLDS_THE_LOCK = """
import os, signal, threading, time
from runners.commands import server_process
from serving.models.config import ModelConfig
from serving.options import ServerOptions
from serving.server import Server

server = Server(ServerOptions(models=[ModelConfig(name="m", base_path="/nowhere")]))
server_process._stop_on_signals(server, 0.0)
with server._models._stopping._cond:
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep({seconds})
while not server._models.are_stopping:
    time.sleep(0.01)
os._exit(0)
"""

# Some libraries make an ImportError of the KeyboardInterrupt, as NumPy's do.
SENDS_WHILE_LOADING = """
import collections, os, sys
from runners.commands import server_process
from serving.options import ServerOptions

class Finder:
    def find_spec(self, name, *_):
        if name == "serving.server":
            try:
                os.kill(os.getpid(), {number})
            except KeyboardInterrupt:
                raise ImportError("umath failed to import")

sys.meta_path.insert(0, Finder())
no_flags = collections.defaultdict(lambda: None)
server_process.run_server(ServerOptions(models=[]), no_flags, on_listening=print)
"""

# The main thread holds the lock of the log, which nobody reads.
FILLS_THE_LOG = """
import logging, os, signal
from runners.commands import server_process
from serving.options import ServerOptions
from serving.server import Server

logging.basicConfig()
server_process._stop_on_signals(Server(ServerOptions(models=[])), 0.0)
os.kill(os.getpid(), signal.SIGTERM)
while True:
    logging.error("x" * 1000)
"""


def run(seconds: float) -> int:
    program = HOLDS_THE_LOCK.format(seconds=seconds)
    return subprocess.run(
        [sys.executable, "-c", program], check=False, timeout=DEADLINE_SECONDS
    ).returncode


@pytest.mark.parametrize("wait_for", ["nothing", "the log"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_before_it_listens_ends_it(tmp_path: Path, wait_for: str, number: signal.Signals):
    (tmp_path / "model").mkdir()  # without a version, for which this one waits
    log = tmp_path / "log"
    rest_port, grpc_port = find_free_ports(2)
    program = SERVE.replace("serve", "tensorflow_model_server")
    flags = [f"--model_base_path={tmp_path / 'model'}", f"--rest_api_port={rest_port}"]
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-c", program, *flags, f"--port={grpc_port}"], stderr=file, stdout=file
        )
    if wait_for == "the log":
        wait_until(log.read_text, "the server to log")
    process.send_signal(number)
    code = process.wait(DEADLINE_SECONDS)
    # In order, or by the signal if it came before the server; while Python itself starts, Ctrl-C is
    # an error in whichever import it interrupts.
    is_starting = number == signal.SIGINT and wait_for == "nothing"
    assert code in (0, -number) or is_starting, log.read_text()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_while_libraries_are_loaded_ends_it_by_the_signal(number: signal.Signals):
    program = SENDS_WHILE_LOADING.format(number=int(number))
    answer = subprocess.run(
        [sys.executable, "-c", program], check=False, capture_output=True, text=True
    )

    assert answer.returncode == -number, answer.stderr
    assert "Traceback" not in answer.stderr


def test_signal_while_a_lock_is_held_ends_it_when_the_lock_is_free():
    assert run(seconds=0.0) == 0


def test_watchdog_ends_what_can_not_be_stopped():
    assert run(seconds=DEADLINE_SECONDS) == 1


def test_watchdog_waits_for_nobody_who_reads_the_log():
    command = [sys.executable, "-c", FILLS_THE_LOG]
    with subprocess.Popen(command, stderr=subprocess.PIPE) as process:
        assert process.wait(DEADLINE_SECONDS) == 1
