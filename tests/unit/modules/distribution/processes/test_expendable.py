"""A training goes on without some of its members, and without no other."""

import logging
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from modules.distribution.processes.supervision import Member, logger
from support.distribution.clusters import (
    CONNECT,
    LOAD,
    REST,
    TELL_PID,
    Cluster,
    let_go,
    wait_for,
)

# As long as others may go on once one has failed.
AT_ONCE = 0.01


@pytest.fixture
def when_warned() -> Iterator[Callable[[Callable[[str], None]], None]]:
    """Returns a function that says what is done when the supervisor warns."""
    handler = logging.Handler(logging.WARNING)
    logger.addHandler(handler)

    def set_action(act: Callable[[str], None]) -> None:
        handler.emit = lambda record: act(record.getMessage())

    yield set_action
    logger.removeHandler(handler)


class Victims:
    """Kills members, once so many have told that they are at work."""

    def __init__(self, count: int, *names: str) -> None:
        self._count = count
        self._names = list(names)
        self._pids: dict[str, int] = {}

    def note(self, name: str, content: Mapping[str, Any]) -> None:
        self._pids[name] = content["pid"]
        if len(self._pids) == self._count:
            self.kill_next()

    def kill_next(self) -> None:
        os.kill(self._pids[self._names.pop(0)], signal.SIGKILL)


def test_a_member_that_others_can_replace_is_named_and_the_training_goes_on(
    cluster: Cluster, fifo: Path, when_warned: Callable[[Callable[[str], None]], None]
):
    warnings: list[str] = []

    def act(warning: str) -> None:
        warnings.append(warning)
        let_go(fifo)

    when_warned(act)

    cluster.run(
        cluster.member("chief 0", f"{CONNECT}{TELL_PID}{wait_for(fifo)}"),
        expendable(cluster, "worker 0"),
        expendable(cluster, "worker 1"),
        on_progress=Victims(3, "worker 1").note,
    )

    (warning,) = warnings
    assert warning.startswith("worker 1 was killed by signal 9 (Killed). Log: ")
    assert warning.endswith("worker 1.log. The others go on without it.")


def test_the_last_one_that_could_replace_others_is_missed(
    cluster: Cluster, when_warned: Callable[[Callable[[str], None]], None]
):
    victims = Victims(3, "worker 1", "worker 0")
    when_warned(lambda _: victims.kill_next())

    fault = cluster.fault(
        cluster.member("chief 0", f"{CONNECT}{TELL_PID}{REST}"),
        expendable(cluster, "worker 0"),
        expendable(cluster, "worker 1"),
        on_progress=victims.note,
        settle_seconds=AT_ONCE,
    )

    assert str(fault).startswith("worker 0 was killed by signal 9")
    assert fault.may_pass


def test_nobody_is_spared_before_all_have_connected(cluster: Cluster):
    fault = cluster.fault(
        cluster.member("chief 0", f"{LOAD}{TELL_PID}{REST}"),
        expendable(cluster, "worker 0"),
        expendable(cluster, "worker 1"),
        on_progress=Victims(3, "worker 1").note,
        settle_seconds=AT_ONCE,
    )

    assert str(fault).startswith("worker 1 was killed by signal 9")


def test_others_of_those_that_serve_are_missed_at_once(cluster: Cluster):
    fault = cluster.fault(
        cluster.member("chief 0", f"{CONNECT}{TELL_PID}{REST}"),
        cluster.member("ps 0", f"{CONNECT}{TELL_PID}{REST}", serves=True),
        expendable(cluster, "worker 0"),
        on_progress=Victims(3, "ps 0").note,
        settle_seconds=AT_ONCE,
    )

    assert str(fault).startswith("ps 0 was killed by signal 9")


def expendable(cluster: Cluster, name: str) -> Member:
    """Returns a member that serves, and that another one can replace."""
    member = cluster.member(name, f"{CONNECT}{TELL_PID}{REST}", serves=True)
    return replace(member, is_expendable=True)
