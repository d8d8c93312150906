"""Processors are counted as a container may use them, in both versions of control groups."""

import os
from pathlib import Path

import pytest

from serving.models.processors import count_processors

V1_MOUNT = "34 31 0:30 {group} /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpuacct,cpu"
V2_MOUNT = "35 31 0:31 {group} /sys/fs/cgroup rw,nosuid shared:9 - cgroup2 cgroup2 rw"
ALL = len(os.sched_getaffinity(0))


def write(root: Path, path: str, text: str) -> None:
    file = root / path
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(f"{text}\n")


def write_v2(root: Path, group: str, mount_group: str = "/") -> None:
    write(root, "proc/self/cgroup", f"0::{group}")
    write(root, "proc/self/mountinfo", V2_MOUNT.format(group=mount_group))


def write_v1(root: Path, group: str, mount_group: str = "/") -> None:
    write(root, "proc/self/cgroup", f"5:cpuset:/other\n4:cpu,cpuacct:{group}")
    write(root, "proc/self/mountinfo", V1_MOUNT.format(group=mount_group))


@pytest.mark.parametrize(
    ("quota", "number"),
    [("1 100000", 1), ("100000 100000", 1), ("150000 100000", 2), ("200001 100000", 3)],
)
def test_quota_of_the_second_version_is_rounded_up(tmp_path: Path, quota: str, number: int):
    write_v2(tmp_path, "/")
    write(tmp_path, "sys/fs/cgroup/cpu.max", quota)
    assert count_processors(tmp_path, num_allowed=8) == number


def test_quota_of_a_group_above_holds_too(tmp_path: Path):
    write_v2(tmp_path, "/pod/container")
    write(tmp_path, "sys/fs/cgroup/pod/container/cpu.max", "max 100000")
    write(tmp_path, "sys/fs/cgroup/pod/cpu.max", "190000 100000")
    assert count_processors(tmp_path, num_allowed=8) == 2


@pytest.mark.parametrize(("group", "mounted"), [("/", "/"), ("/docker/1", "/docker/1")])
def test_quota_of_the_first_version_is_found_where_it_is_mounted(
    tmp_path: Path, group: str, mounted: str
):
    write_v1(tmp_path, group, mounted)
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "180000")
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    assert count_processors(tmp_path, num_allowed=8) == 2


@pytest.mark.parametrize("quota", ["max 100000", "", "400000000 100000", "1 0", "?"])
def test_without_a_quota_that_is_less_it_is_all_that_the_process_may_run_on(
    tmp_path: Path, quota: str
):
    write_v2(tmp_path, "/")
    write(tmp_path, "sys/fs/cgroup/cpu.max", quota)
    assert count_processors(tmp_path) == ALL


def test_first_version_writes_no_quota_as_minus_one(tmp_path: Path):
    write_v1(tmp_path, "/")
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_quota_us", "-1")
    write(tmp_path, "sys/fs/cgroup/cpu,cpuacct/cpu.cfs_period_us", "100000")
    assert count_processors(tmp_path) == ALL


def test_group_that_can_not_be_seen_and_no_groups_at_all_limit_nothing(tmp_path: Path):
    assert count_processors(tmp_path) == ALL
    write_v2(tmp_path, "/elsewhere", "/here")
    assert count_processors(tmp_path) == ALL
    write_v2(tmp_path, "/../..")
    assert count_processors(tmp_path) == ALL


def test_affinity_of_the_process_counts(tmp_path: Path):
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {min(before)})
    try:
        assert count_processors(tmp_path) == 1
    finally:
        os.sched_setaffinity(0, before)
