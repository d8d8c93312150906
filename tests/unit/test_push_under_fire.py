"""What a reader of the directory sees while pushes run side by side and are killed."""

import multiprocessing
import os
import random
import signal
import time
from collections.abc import Callable, Iterable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Event
from pathlib import Path

from components.atomic_pusher.versions import Version, list_versions, parse_number

_processes = multiprocessing.get_context("fork")
_SECONDS_BEFORE_A_KILL = 0.15


def _push_many(
    push: Callable[..., Version], directory: Path, contents: Iterable[str], keep: int
) -> None:
    for content in contents:
        push(directory, content, keep=keep)


def _push_forever(push: Callable[..., Version], directory: Path, seed: int) -> None:
    _push_many(push, directory, (f"{seed}-{number}" for number in range(10**6)), keep=3)


def _watch(
    directory: Path, is_whole: Callable[[Path], bool], is_over: Event, report: Connection
) -> None:
    """Looks at every version that is listed, until it is over; reports polls, seen and broken."""
    polls, seen, broken = 0, set[str](), set[str]()
    while not is_over.is_set():
        polls += 1
        for name in os.listdir(directory):  # noqa: PTH208 - names
            if parse_number(name) is not None:
                seen.add(name)
                if not _looks_whole(directory / name, is_whole):
                    broken.add(name)
    report.send((polls, seen, broken))


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
    started = time.monotonic()
    push(directory, "first", now=0.0)
    # On a slow disk a push takes longer; some must come to their end.
    longest = max(_SECONDS_BEFORE_A_KILL, 4 * (time.monotonic() - started))
    is_over = _processes.Event()
    received, report = _processes.Pipe(duplex=False)
    watcher = _processes.Process(target=_watch, args=(directory, is_whole, is_over, report))
    watcher.start()

    kills, moment = 0, random.Random(0)  # noqa: S311 - no secret
    while kills < 20 or list_versions(directory)[-1].number < 150:
        pusher = _processes.Process(target=_push_forever, args=(push, directory, kills))
        pusher.start()
        pusher.join(timeout=moment.uniform(0, longest))
        pusher.kill()
        pusher.join()
        kills += pusher.exitcode == -signal.SIGKILL
    last = push(directory, "last", keep=3)
    is_over.set()
    polls, seen, broken = received.recv()
    watcher.join()

    assert broken == set()
    assert polls > 50
    assert len(seen) > 25
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
