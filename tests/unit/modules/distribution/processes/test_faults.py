"""Of all that goes wrong in a cluster at once, what made it go wrong is told."""

import os
import re
import signal
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from modules.distribution import watchdog
from support.distribution.clusters import (
    BLOCK_SIGTERM,
    CONNECT,
    JOIN,
    LOAD,
    LOSE_PEERS,
    REST,
    TELL_PID,
    Cluster,
    hold,
    is_stopped,
    let_go,
    wait_for,
)
from support.waiting import wait_until

AT_ONCE = 0.01
FAIL = "reports.fail('ValueError: loss is nan', lost_peers=False)\n"
DIE = "os.kill(os.getpid(), signal.SIGKILL)\n"
CRASH = (  # and leave no core file
    "import resource\n"
    "resource.setrlimit(resource.RLIMIT_CORE, (0, 0))\n"
    "os.kill(os.getpid(), signal.SIGSEGV)\n"
)


def _send(number: signal.Signals, content: Mapping[str, Any]) -> None:
    os.kill(content["pid"], number)


def test_a_member_that_is_killed_at_work_is_named(cluster: Cluster):
    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{REST}"),
        cluster.member("worker 1", f"{CONNECT}{TELL_PID}{REST}"),
        on_progress=lambda _, content: _send(signal.SIGKILL, content),
        settle_seconds=AT_ONCE,
    )

    assert str(fault) == (
        f"worker 1 was killed by signal 9 (Killed). Log: {cluster.log_path('worker 1')}"
    )
    assert fault.may_pass


@pytest.mark.parametrize("program", [REST, f"import signal\n{BLOCK_SIGTERM}{REST}"])
def test_members_that_never_start_are_named(cluster: Cluster, program: str):
    fault = cluster.fault(
        cluster.member("worker 0", program),
        cluster.member("worker 1", program),
        timeout_seconds=AT_ONCE,
    )

    logs = f"{cluster.log_path('worker 0')}, {cluster.log_path('worker 1')}"
    assert str(fault) == f"worker 0 and worker 1 have not started within 0.01 s. Log: {logs}"
    assert fault.may_pass


@pytest.mark.parametrize(
    ("program", "words"),
    [
        (REST, "has not started"),
        (f"{JOIN}{REST}", "has not loaded its libraries"),
        (f"{LOAD}{BLOCK_SIGTERM}{REST}", "has not found the others"),
    ],
)
def test_the_one_that_is_behind_the_others_is_named(cluster: Cluster, program: str, words: str):
    message, seconds = cluster.late_fault(
        f"worker 1 {words}",
        cluster.member("worker 0", f"{CONNECT}{REST}"),
        cluster.member("worker 1", program),
        cluster.member("server 0", f"{CONNECT}{REST}", serves=True),
    )

    log = cluster.log_path("worker 1")
    assert message == f"worker 1 {words} within {seconds:g} s. Log: {log}"


def test_members_that_do_not_find_each_other_are_named(cluster: Cluster):
    message, _ = cluster.late_fault(
        "not found",
        cluster.member("worker 0", f"{LOAD}{REST}"),
        cluster.member("worker 1", f"{LOAD}{REST}"),
        cluster.member("server 0", f"{LOAD}{REST}", serves=True),
    )

    assert message.startswith("worker 0, worker 1 and server 0 have not found each other within ")


def test_only_a_further_stage_is_a_step(cluster: Cluster):
    again = "while True: reports.reach(Stage.STARTED)\n"

    message, _ = cluster.late_fault("loaded", cluster.member("worker 0", f"{JOIN}{again}"))

    assert message.startswith("worker 0 has not loaded its libraries within ")


def test_the_one_that_goes_on_when_all_others_have_finished_is_named(cluster: Cluster):
    message, seconds = cluster.late_fault(
        "did not end",
        cluster.member("server 0", f"{CONNECT}{REST}", serves=True),
        cluster.member("worker 0", CONNECT),
        cluster.member("worker 1", f"{CONNECT}{REST}"),
    )

    assert message == (
        f"worker 1 did not end within {seconds:g} s after others had finished. "
        f"Log: {cluster.log_path('worker 1')}"
    )


def test_a_member_that_is_stopped_is_named_by_what_its_peers_tell(cluster: Cluster, fifo: Path):
    def stop(_name: str, content: Mapping[str, Any]) -> None:
        _send(signal.SIGSTOP, content)
        wait_until(lambda: is_stopped(content["pid"]), "the member to stop")
        let_go(fifo)

    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{wait_for(fifo)}{LOSE_PEERS}"),
        cluster.member("worker 1", f"{CONNECT}{TELL_PID}{REST}"),
        cluster.member("worker 2", f"{CONNECT}{REST}"),
        on_progress=stop,
        settle_seconds=AT_ONCE,
    )

    assert str(fault) == (
        f"worker 1 did not answer: stopped by a signal. Log: {cluster.log_path('worker 1')}"
    )
    assert fault.may_pass


def test_a_member_that_is_stopped_is_named_when_nobody_waits_for_it(cluster: Cluster):
    message, seconds = cluster.late_fault(
        "stopped by a signal",
        cluster.member("worker 0", f"{CONNECT}os.kill(os.getpid(), signal.SIGSTOP)\n"),
        cluster.member("server 0", f"{CONNECT}{REST}", serves=True),
    )

    assert message == (
        f"worker 0 did not answer: stopped by a signal for {seconds:g} s. "
        f"Log: {cluster.log_path('worker 0')}"
    )


def test_a_member_that_is_let_go_on_in_time_is_no_fault(cluster: Cluster, fifo: Path):
    def stop(_name: str, content: Mapping[str, Any]) -> None:
        _send(signal.SIGSTOP, content)
        wait_until(lambda: is_stopped(content["pid"]), "the member to stop")
        _send(signal.SIGCONT, content)
        let_go(fifo)

    told = cluster.run(
        cluster.member("worker 0", f"{CONNECT}{TELL_PID}{wait_for(fifo)}"), on_progress=stop
    )

    assert len(told) == 1


def test_a_member_that_hangs_is_named_by_what_its_peers_tell(cluster: Cluster):
    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{LOSE_PEERS}{REST}"),
        cluster.member("worker 1", f"{CONNECT}{REST}"),
        settle_seconds=AT_ONCE,
    )

    assert str(fault) == (
        "worker 1 did not answer, and worker 0 lost the others: no answer. "
        f"Log: {cluster.log_path('worker 1')}"
    )
    assert fault.may_pass


def test_what_all_are_given_in_the_end_is_no_longer_than_the_timeout(cluster: Cluster):
    message, _ = cluster.late_fault(
        "did not answer",
        cluster.member("worker 0", f"{CONNECT}{LOSE_PEERS}{REST}"),
        cluster.member("worker 1", f"{CONNECT}{REST}"),
    )

    assert message.startswith("worker 1 did not answer, and worker 0 lost the others: no answer. ")


def test_if_all_only_lost_the_others_each_says_where_it_was(cluster: Cluster):
    got_no_further = f"print('in step 7', flush=True)\nsys.exit({watchdog.EXIT_CODE})\n"

    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{LOSE_PEERS}"),
        cluster.member("worker 1", f"{CONNECT}{got_no_further}"),
    )

    assert sorted(re.split(r"\. (?=worker)", str(fault))) == [
        f"worker 0 lost the others: no answer. Log: {cluster.log_path('worker 0')}",
        f"worker 1 lost the others: in step 7. Log: {cluster.log_path('worker 1')}",
    ]
    assert fault.may_pass


@pytest.mark.parametrize(
    ("cause", "words", "may_pass"),
    [
        (FAIL, "failed: ValueError: loss is nan", False),
        (f"{FAIL}sys.exit(1)\n", "failed: ValueError: loss is nan", False),
        (DIE, "was killed by signal 9 (Killed)", True),
        (CRASH, "was killed by signal 11 (Segmentation fault)", True),
        ("sys.exit('No space')\n", "ended with exit code 1: No space", False),
    ],
)
@pytest.mark.parametrize("is_first", [True, False])
def test_the_cause_is_named_whether_its_peers_end_before_it_or_after(
    cluster: Cluster, fifo: Path, cause: str, words: str, *, is_first: bool, may_pass: bool
):
    before, after = (hold(fifo), wait_for(fifo)) if is_first else (wait_for(fifo), hold(fifo))

    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{after}{LOSE_PEERS}sys.exit(1)\n"),
        cluster.member("worker 1", f"{CONNECT}{before}{cause}"),
    )

    assert str(fault) == f"worker 1 {words}. Log: {cluster.log_path('worker 1')}"
    assert fault.may_pass == may_pass


@pytest.mark.parametrize(
    ("cause", "symptom"), [(DIE, FAIL), (FAIL, CRASH), (CRASH, "sys.exit(1)\n")]
)
@pytest.mark.parametrize("is_first", [True, False])
def test_of_two_causes_the_one_that_explains_more_is_named(
    cluster: Cluster, fifo: Path, cause: str, symptom: str, *, is_first: bool
):
    before, after = (hold(fifo), wait_for(fifo)) if is_first else (wait_for(fifo), hold(fifo))

    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{after}{symptom}"),
        cluster.member("worker 1", f"{CONNECT}{before}{cause}"),
    )

    assert str(fault).startswith("worker 1 ")


def test_a_member_that_ended_itself_since_it_waited_in_vain_has_lost_the_others(cluster: Cluster):
    wait = f"{CONNECT}os._exit({watchdog.EXIT_CODE_IN_C})\n"

    fault = cluster.fault(
        cluster.member("worker 0", wait), cluster.member("worker 1", f"{CONNECT}{DIE}")
    )
    alone = cluster.fault(cluster.member("worker 0", wait))

    assert str(fault).startswith("worker 1 was killed by signal 9 (Killed). ")
    assert str(alone).startswith("worker 0 lost the others: it waited in vain for an answer. ")
    assert alone.may_pass


def test_an_exit_without_a_report_is_told_with_the_last_line_of_this_try(cluster: Cluster):
    member = cluster.member("worker 0", f"{CONNECT}sys.exit('Out of luck\\n\\n  ')\n")
    silent = cluster.member("worker 1", f"{CONNECT}sys.exit(3)\n")
    silent.log_path.write_text("an earlier try\n")

    assert "ended with exit code 1: Out of luck. Log: " in str(cluster.fault(member))
    assert "ended with exit code 3. Log: " in str(cluster.fault(silent))


def test_an_exit_before_the_others_are_found_is_told_at_once(cluster: Cluster):
    fault = cluster.fault(
        cluster.member("worker 0", f"{LOAD}{REST}"),
        cluster.member("worker 1", "raise ImportError('no such library')"),
        settle_seconds=AT_ONCE,
    )

    assert "worker 1 ended with exit code 1: ImportError: no such library. " in str(fault)


@pytest.mark.parametrize(
    ("end", "words"),
    [
        (DIE, "was killed by signal 9 (Killed)"),
        ("sys.exit(0)\n", "ended with exit code 0"),
        ("sys.exit(2)\n", "ended with exit code 2"),
    ],
)
def test_a_server_that_ends_before_the_others_is_named(
    cluster: Cluster, fifo: Path, end: str, words: str
):
    fault = cluster.fault(
        cluster.member("server 0", f"{CONNECT}{hold(fifo)}{end}", serves=True),
        cluster.member("server 1", f"{CONNECT}{REST}", serves=True),
        cluster.member("worker 0", f"{CONNECT}{wait_for(fifo)}{LOSE_PEERS}"),
    )

    assert str(fault) == f"server 0 {words}. Log: {cluster.log_path('server 0')}"


def test_servers_are_given_time_to_tell_why_the_others_lost_them(cluster: Cluster, fifo: Path):
    fault = cluster.fault(
        cluster.member("server 0", f"{CONNECT}{wait_for(fifo)}{FAIL}", serves=True),
        cluster.member("worker 0", f"{CONNECT}{hold(fifo)}{LOSE_PEERS}"),
    )

    assert str(fault).startswith("server 0 failed: ValueError: loss is nan. ")


def test_of_two_reports_of_failure_the_first_counts(cluster: Cluster):
    fault = cluster.fault(cluster.member("worker 0", f"{CONNECT}{FAIL}{LOSE_PEERS}"))

    assert str(fault).startswith("worker 0 failed: ")


def test_a_report_of_failure_outweighs_an_exit_code_of_0(cluster: Cluster):
    fault = cluster.fault(cluster.member("worker 0", f"{CONNECT}{FAIL}sys.exit(0)\n"))

    assert str(fault).startswith("worker 0 failed: ")


@pytest.mark.parametrize("rest", ['{"progress": {"epoch"', '{"progress": {}}', "nonsense\n[1]\n"])
def test_what_a_kill_cuts_off_is_no_report(cluster: Cluster, rest: str):
    write = f"os.write(int(sys.argv[-2]), {rest.encode()!r})\n"

    fault = cluster.fault(
        cluster.member("worker 0", f"{CONNECT}{write}{DIE}"),
        on_progress=lambda _, content: pytest.fail(f"received {content}"),
    )

    assert str(fault).startswith("worker 0 was killed by signal 9 (Killed). ")
