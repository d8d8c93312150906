"""Members are started, watched and ended, and none is left behind, whatever happens."""

import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

import pytest

from support.distribution.clusters import (
    BLOCK_SIGTERM,
    CONNECT,
    JOIN,
    REST,
    TELL_PID,
    Cluster,
    has_ended,
)
from support.project import PROJECT
from support.waiting import wait_until

INTERRUPT_PARENT = "os.kill(os.getppid(), signal.SIGINT)\n"


HandleSignal = Callable[[signal.Signals, Any], None]


class BrokenError(Exception):
    """What a caller raises."""


@pytest.fixture
def handle_signal() -> Iterator[HandleSignal]:
    """Returns a function that sets a handler for the time of the test."""
    with ExitStack() as stack:

        def handle(number: signal.Signals, handler: Any) -> None:
            stack.callback(signal.signal, number, signal.signal(number, handler))

        yield handle


def test_members_run_until_all_have_finished_and_what_they_tell_arrives(cluster: Cluster):
    program = f"{CONNECT}reports.progress({{'epoch': 1, 'loss': 0.5}})\n"

    told = cluster.run(cluster.member("worker 0", program), cluster.member("worker 1", program))

    assert sorted(name for name, _ in told) == ["worker 0", "worker 1"]
    assert [content for _, content in told] == [{"epoch": 1, "loss": 0.5}] * 2


def test_nobody_to_run_is_no_fault(cluster: Cluster):
    assert cluster.run() == []


def test_servers_are_ended_when_all_others_have_finished(cluster: Cluster):
    told = cluster.run(
        cluster.member("server 0", f"{CONNECT}{BLOCK_SIGTERM}{REST}", serves=True),
        cluster.member("worker 0", f"{CONNECT}{TELL_PID}"),
        cluster.member("worker 1", f"{CONNECT}{TELL_PID}"),
    )

    assert len(told) == 2


def test_a_member_has_a_session_of_its_own_and_a_log_that_grows(cluster: Cluster):
    program = f"{CONNECT}print('out')\nprint(os.getsid(0) - os.getpid(), file=sys.stderr)\n"
    member = cluster.member("worker 0", program)
    member.log_path.write_text("an earlier try\n")

    cluster.run(member)

    first, *lines = member.log_path.read_text().splitlines()
    assert (first, sorted(lines)) == ("an earlier try", ["0", "out"])


def test_members_do_not_read_what_is_typed_for_their_parent(cluster: Cluster):
    typed, to_type = os.pipe()
    os.write(to_type, b"yes")
    os.close(to_type)
    before = os.dup(0)
    os.dup2(typed, 0)
    try:
        told = cluster.run(
            cluster.member("worker 0", f"{CONNECT}reports.progress({{'in': sys.stdin.read()}})\n")
        )
        left = os.read(0, 10)
    finally:
        os.dup2(before, 0)
        os.close(before)
        os.close(typed)

    assert (told, left) == ([("worker 0", {"in": ""})], b"yes")


def test_a_flood_of_log_and_reports_arrives_whole(cluster: Cluster):
    flood = (
        "for number in range(3000):\n    print('x' * 1000)\n    reports.progress({'n': number})\n"
    )
    member = cluster.member("worker 0", f"{CONNECT}{flood}")

    told = cluster.run(member, cluster.member("worker 1", CONNECT))

    assert [content["n"] for _, content in told] == list(range(3000))
    assert member.log_path.stat().st_size == 3000 * 1001


def test_what_a_member_told_before_its_end_arrives_behind_it(cluster: Cluster):
    """More of it than is read at once, from a pipe that holds it all."""
    widen = "import fcntl\nfcntl.fcntl(int(sys.argv[-2]), fcntl.F_SETPIPE_SZ, 2**20)\n"
    tell = "for _ in range(5): reports.progress({'text': 'x' * 100_000})\n"

    def wait_for_end(_name: str, content: Mapping[str, Any]) -> None:
        if "pid" in content:
            wait_until(lambda: has_ended(content["pid"]), "the member to end")

    told = cluster.run(
        cluster.member("worker 0", f"{CONNECT}{widen}{TELL_PID}{tell}"), on_progress=wait_for_end
    )

    assert [len(content["text"]) for _, content in told[1:]] == [100_000] * 5


def test_reports_of_several_threads_do_not_mix(cluster: Cluster):
    # Longer than what a pipe takes at once.
    tell = (
        "import threading\n"
        "def tell(letter):\n"
        "    for _ in range(20): reports.progress({'text': letter * 100_000})\n"
        "threads = [threading.Thread(target=tell, args=letter) for letter in 'abc']\n"
        "for thread in threads: thread.start()\n"
        "for thread in threads: thread.join()\n"
    )

    told = cluster.run(cluster.member("worker 0", f"{CONNECT}{tell}"))

    texts = sorted(content["text"] for _, content in told)
    assert texts == [letter * 100_000 for letter in "abc" for _ in range(20)]


def test_what_a_member_forked_ends_with_it(cluster: Cluster):
    """It holds the pipe of the reports open, whose end therefore tells nothing."""
    fork = f"if os.fork() == 0:\n    while True: signal.pause()\n{TELL_PID}"

    told = cluster.run(cluster.member("worker 0", f"{CONNECT}{fork}"))

    assert len(told) == 1


def test_a_member_that_cannot_report_any_more_is_still_seen_to_end(cluster: Cluster):
    hang_up = "os.close(int(sys.argv[-2]))\nreports.progress({})\n"

    assert cluster.run(cluster.member("worker 0", f"{CONNECT}{hang_up}")) == []


def test_a_program_that_does_not_exist_ends_those_that_were_started(cluster: Cluster):
    member = replace(cluster.member("worker 1", ""), command=["/no/such/program"])

    fault = cluster.fault(cluster.member("worker 0", f"{JOIN}{REST}"), member)

    assert str(fault) == (
        "worker 1 could not be started: [Errno 2] No such file or directory: '/no/such/program'. "
        f"Log: {member.log_path}"
    )
    assert not fault.may_pass


def test_a_log_folder_that_is_a_file_ends_those_that_were_started(cluster: Cluster):
    (cluster.folder / "file").touch()
    path = cluster.folder / "file" / "worker.log"
    member = replace(cluster.member("worker 1", ""), log_path=path)

    fault = cluster.fault(cluster.member("worker 0", f"{JOIN}{REST}"), member)

    assert str(fault) == (
        f"worker 1 could not be started: [Errno 20] Not a directory: '{path}'. Log: {path}"
    )


def test_an_error_of_the_caller_ends_all(cluster: Cluster):
    members_seen: list[int] = []

    def fail(_name: str, _content: Mapping[str, Any]) -> None:
        members_seen.extend(cluster.processes())
        raise BrokenError

    with pytest.raises(BrokenError):
        cluster.run(
            cluster.member("server 0", f"{CONNECT}{REST}", serves=True),
            cluster.member("worker 0", f"{CONNECT}{TELL_PID}{REST}"),
            on_progress=fail,
        )

    assert len(members_seen) == 2


def test_ctrl_c_ends_all_and_is_raised(cluster: Cluster):
    with pytest.raises(KeyboardInterrupt):
        cluster.run(
            cluster.member("worker 0", f"{CONNECT}{BLOCK_SIGTERM}{REST}"),
            cluster.member("worker 1", f"{CONNECT}{INTERRUPT_PARENT}{REST}"),
        )


def test_ctrl_c_again_and_again_leaves_nobody(cluster: Cluster):
    def interrupt(_name: str, _content: Mapping[str, Any]) -> None:
        for _ in range(3):
            signal.raise_signal(signal.SIGINT)

    with pytest.raises(KeyboardInterrupt):
        cluster.run(cluster.member("worker 0", f"{CONNECT}{TELL_PID}{REST}"), on_progress=interrupt)


def test_ctrl_c_that_is_ignored_changes_nothing(cluster: Cluster, handle_signal: HandleSignal):
    handle_signal(signal.SIGINT, signal.SIG_IGN)

    told = cluster.run(cluster.member("worker 0", f"{CONNECT}{INTERRUPT_PARENT}{TELL_PID}"))

    assert len(told) == 1


def test_a_handler_of_sigterm_is_called_when_all_have_ended(
    cluster: Cluster, handle_signal: HandleSignal
):
    running: list[list[int]] = []
    handle_signal(signal.SIGTERM, lambda *_: running.append(cluster.processes()))
    terminate_parent = "os.kill(os.getppid(), signal.SIGTERM)\n"

    fault = cluster.fault(cluster.member("worker 0", f"{CONNECT}{terminate_parent}{REST}"))

    assert running == [[]]
    assert str(fault) == "All members were ended on signal 15 (Terminated)"
    assert not fault.may_pass


def test_other_signals_are_handled_as_ever(cluster: Cluster, handle_signal: HandleSignal):
    received: list[int] = []
    handle_signal(signal.SIGUSR1, lambda number, _: received.append(number))
    program = f"{CONNECT}os.kill(os.getppid(), signal.SIGUSR1)\n{TELL_PID}"

    told = cluster.run(cluster.member("worker 0", program))

    assert len(told) == 1
    assert received == [signal.SIGUSR1]


def test_members_can_be_run_by_any_thread(cluster: Cluster):
    told: list[Any] = []
    member = cluster.member("worker 0", f"{CONNECT}{TELL_PID}")
    thread = threading.Thread(target=lambda: told.extend(cluster.run(member)))

    thread.start()
    thread.join()

    assert len(told) == 1


# Runs members that go on for ever, and says when they are all at work.
PARENT = """
import sys
from pathlib import Path
from support.distribution.clusters import *

cluster = Cluster(Path(sys.argv[1]), sys.argv[2])
cluster.run(
    cluster.member("server 0", CONNECT + TELL_PID + REST, serves=True),
    cluster.member("worker 0", CONNECT + BLOCK_SIGTERM + TELL_PID + REST),
    cluster.member("worker 1", JOIN + TELL_PID + REST),
    on_progress=lambda name, _: print(name, flush=True),
)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_a_parent_that_is_killed_leaves_nobody(cluster: Cluster, number: signal.Signals):
    with subprocess.Popen(
        [sys.executable, "-S", "-c", PARENT, str(cluster.folder), cluster.mark],
        env={"PYTHONPATH": f"{PROJECT}:{PROJECT / 'tests'}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as parent:
        assert parent.stdout
        names = sorted(parent.stdout.readline().strip() for _ in range(3))
        assert (names, len(cluster.processes())) == (["server 0", "worker 0", "worker 1"], 3)

        parent.send_signal(number)
        _, errors = parent.communicate()

    wait_until(lambda: cluster.processes() == [], "the members to end")
    assert parent.returncode == -number
    assert ("KeyboardInterrupt" in errors) == (number == signal.SIGINT)
