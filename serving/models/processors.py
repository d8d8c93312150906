"""How many processors this process may use (standard library only).

A container may be given less time than its machine has processors, as by a limit of Kubernetes: its
control group then has a quota. Those of all groups above it hold as well, in both versions of
control groups; https://docs.kernel.org/admin-guide/cgroup-v2.html#cpu-interface-files.
"""

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import NamedTuple

_ROOT = Path("/")


class _Mount(NamedTuple):
    """Where a tree of control groups is seen.

    Attributes:
      group: The topmost control group of it.
      folder: The folder that stands for that group.
    """

    group: PurePosixPath
    folder: PurePosixPath


def count_processors(root: Path = _ROOT, *, num_allowed: int | None = None) -> int:
    """Returns how many threads of this process can run at a time, at least 1.

    That is the number of processors that it may run on, or the time that its control groups give
    it if that is less, rounded up as Java and Go do.

    Args:
      root: Where /proc and /sys are.
      num_allowed: How many it may run on; None to ask the kernel.
    """
    if num_allowed is None:
        num_allowed = len(os.sched_getaffinity(0))
    return max(min([num_allowed, *map(math.ceil, _read_quotas(root))]), 1)


def _read_quotas(root: Path) -> Iterator[float]:
    """Yields how many processors each limit allows; none where there are no control groups."""
    try:
        groups = (root / "proc/self/cgroup").read_text()
        mounts = (root / "proc/self/mountinfo").read_text()
    except OSError:
        return
    for line in groups.splitlines():
        _, controllers, name = line.split(":", 2)
        is_v2 = not controllers
        if not is_v2 and "cpu" not in controllers.split(","):
            continue
        read = _read_v2 if is_v2 else _read_v1
        for mount in _find_mounts(mounts, is_v2=is_v2):
            for folder in _find_folders(mount, PurePosixPath(name)):
                quota = read(root / folder.relative_to("/"))
                if quota is not None:
                    yield quota


def _find_mounts(mounts: str, *, is_v2: bool) -> Iterator[_Mount]:
    for line in mounts.splitlines():
        place, _, file_system = line.partition(" - ")
        kind, _, options = file_system.split(" ", 2)
        if kind == "cgroup2" if is_v2 else kind == "cgroup" and "cpu" in options.split(","):
            _, _, _, group, folder, *_ = place.split(" ")
            yield _Mount(PurePosixPath(group), PurePosixPath(folder))


def _find_folders(mount: _Mount, group: PurePosixPath) -> Iterator[PurePosixPath]:
    """Yields the folders of a group and of those above it, as far as they can be seen."""
    if not group.is_relative_to(mount.group):
        return
    folder = mount.folder / group.relative_to(mount.group)
    while folder.is_relative_to(mount.folder):
        yield folder
        folder = folder.parent


def _read_v2(folder: Path) -> float | None:
    return _divide(_read_words(folder / "cpu.max"))


def _read_v1(folder: Path) -> float | None:
    quota = _read_words(folder / "cpu.cfs_quota_us")
    return _divide(quota + _read_words(folder / "cpu.cfs_period_us"))


def _read_words(path: Path) -> list[str]:
    try:
        return path.read_text().split()
    except OSError:  # the topmost group of all has no such file
        return []


def _divide(words: list[str]) -> float | None:
    """Returns quota by period; None if these are no two numbers, as where there is no limit."""
    match words:
        case [quota, period] if quota.isdigit() and period.isdigit() and int(period):
            return int(quota) / int(period)
    return None
