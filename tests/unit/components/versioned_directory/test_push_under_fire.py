"""What a reader of the directory sees while pushes run side by side and are killed."""

import itertools
import multiprocessing
import os
import random
import signal
import sys
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import TYPE_CHECKING

from components.versioned_directory.versions import Version, list_versions, parse_number
from support.waiting import wait_until

if TYPE_CHECKING:
    from multiprocessing.sharedctypes import Synchronized

_processes = multiprocessing.get_context("fork")
_NUM_KILLS = 20
# Of C functions, in one push.
_CALLS = 600


def _push_many(
    push: Callable[..., Version], directory: Path, contents: Iterable[str], keep: int
) -> None:
    for content in contents:
        push(directory, content, keep=keep)


def _push_until_killed(
    push: Callable[..., Version], directory: Path, seed: int, calls: int
) -> None:
    """Pushes without end, and is killed before the call of a C function with that number."""
    left = itertools.count(calls, -1)

    def kill(_frame: object, event: str, _argument: object) -> None:
        if event == "c_call" and next(left) == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    sys.setprofile(kill)
    _push_many(push, directory, (f"{seed}-{number}" for number in itertools.count()), keep=3)


def _watch(
    directory: Path,
    is_whole: Callable[[Path], bool],
    is_over: Event,
    looks: "Synchronized[int]",
    report: Connection,
) -> None:
    """Looks at every version that is listed, until it is over; reports seen and broken."""
    seen, broken = set[str](), set[str]()
    while not is_over.is_set():
        for name in os.listdir(directory):  # noqa: PTH208 - names
            if parse_number(name) is not None:
                seen.add(name)
                if not _looks_whole(directory / name, is_whole):
                    broken.add(name)
        looks.value += 1
    report.send((seen, broken))


def _looks_whole(path: Path, is_whole: Callable[[Path], bool]) -> bool:
    try:
        whole = is_whole(path)
    except FileNotFoundError:
        whole = False
    # Numbers are never used again: a version that is gone by now was pruned under the reader.
    return whole or not path.exists()


def test_a_reader_sees_only_whole_versions_during_50_pushes_and_20_kills(
    tmp_path: Path,
    push: Callable[..., Version],
    is_whole: Callable[[Path], bool],
    names_in: Callable[[Path], list[str]],
):
    directory = tmp_path / "serving"
    push(directory, "first", now=0.0)
    is_over, looks = _processes.Event(), _processes.Value("Q", 0)
    received, report = _processes.Pipe(duplex=False)
    watcher = _processes.Process(target=_watch, args=(directory, is_whole, is_over, looks, report))
    watcher.start()

    left_by_kills, moment = set[str](), random.Random(0)  # noqa: S311 - no secret
    for kill in range(_NUM_KILLS):
        calls = moment.randrange(6 * _CALLS)
        pusher = _processes.Process(target=_push_until_killed, args=(push, directory, kill, calls))
        pusher.start()
        pusher.join()
        assert pusher.exitcode == -signal.SIGKILL
        left_by_kills |= {str(version.number) for version in list_versions(directory)}
        enough = looks.value + 2  # one look that begins and ends after the kill
        wait_until(lambda enough=enough: looks.value >= enough, "the watcher to look")
    last = push(directory, "last", keep=3)
    is_over.set()
    seen, broken = received.recv()
    watcher.join()

    assert broken == set()
    assert last.number > 50
    assert left_by_kills <= seen
    assert len(names_in(directory)) == 3, "the last push cleared away what the killed ones left"
    assert names_in(directory)[-1] == str(last.number)


def test_what_a_killed_push_leaves_is_hidden_and_cleared_by_the_next(
    tmp_path: Path, push: Callable[..., Version], names_in: Callable[[Path], list[str]]
):
    directory = tmp_path / "serving"
    push(directory, "a")
    killed = _processes.Process(
        target=push,
        args=(directory, "b"),
        kwargs={"check": lambda _: os.kill(os.getpid(), signal.SIGKILL)},
    )
    killed.start()
    killed.join()

    assert [version.number for version in list_versions(directory)] == [100]
    [leftover] = set(names_in(directory)) - {"100"}
    assert leftover.startswith(".staging-")

    push(directory, "b")

    assert names_in(directory) == ["100", "101"]


def test_pushes_side_by_side_get_a_version_each(
    tmp_path: Path,
    push: Callable[..., Version],
    is_whole: Callable[[Path], bool],
    names_in: Callable[[Path], list[str]],
):
    directory = tmp_path / "serving"
    pushers = [
        _processes.Process(
            target=_push_many, args=(push, directory, [f"{name}{n}" for n in range(5)], 99)
        )
        for name in "abc"
    ]
    for pusher in pushers:
        pusher.start()
    for pusher in pushers:
        pusher.join()

    assert [pusher.exitcode for pusher in pushers] == [0, 0, 0]
    assert names_in(directory) == [str(number) for number in range(100, 115)]
    versions = list_versions(directory)
    assert all(is_whole(version.path) for version in versions)
    assert len({version.model_digest for version in versions}) == 15
