"""What a member writes is what its supervisor reads, however it is cut."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from modules.distribution.processes.reports import (
    Failure,
    Progress,
    Report,
    ReportReader,
    Reports,
    Stage,
)
from support.distribution.clusters import JOIN
from support.project import PROJECT

SAY_INHERITABLE = "print(os.get_inheritable(int(sys.argv[-2])))\n"


@pytest.fixture
def pipe() -> Iterator[tuple[int, int]]:
    to_read, to_write = os.pipe()
    yield to_read, to_write
    os.close(to_read)
    os.close(to_write)


def _run_member(to_write: int, parent_pid: int) -> subprocess.CompletedProcess[str]:
    """Runs a process that joins and says whether what it starts may report, too."""
    return subprocess.run(
        [sys.executable, "-S", "-c", JOIN + SAY_INHERITABLE, str(to_write), str(parent_pid)],
        env={"PYTHONPATH": str(PROJECT)},
        pass_fds=[to_write],
        capture_output=True,
        text=True,
        check=False,
    )


def test_what_is_reported_is_read(pipe: tuple[int, int]):
    to_read, to_write = pipe
    reports = Reports(to_write)
    for stage in Stage:
        reports.reach(stage)
    reports.progress({"epoch": 1, "metrics": {"loss": 0.5}})
    reports.fail("first line\nsecond line", lost_peers=True, may_pass=True)

    assert ReportReader().feed(os.read(to_read, 10_000)) == [
        *Stage,
        Progress({"epoch": 1, "metrics": {"loss": 0.5}}),
        Failure("first line\nsecond line", lost_peers=True, may_pass=True),
    ]


def test_reports_are_read_wherever_they_are_cut():
    reader = ReportReader()
    reports: list[Report] = []

    for byte in b'{"stage": "loaded"}\n{"progress": {"epoch": 1}}\n{"stage": "conn':
        reports += reader.feed(bytes([byte]))

    assert reports == [Stage.LOADED, Progress({"epoch": 1})]


@pytest.mark.parametrize(
    "line",
    [
        b"",
        b"Warning: nothing of ours",
        b"\xff\xfe",
        b"[" * 100_000,
        b"9" * 100_000,
        b'"started"',
        b'{"stage": "unknown"}',
        b'{"stage": ["started"]}',
        b'{"progress": 1}',
        b'{"failure": "no word of the peers"}',
        b'{"failure": "", "lost_peers": 1}',
    ],
)
def test_a_line_that_is_no_report_is_skipped(line: bytes):
    assert ReportReader().feed(line + b'\n{"stage": "loaded"}\n') == [Stage.LOADED]


def test_a_line_without_an_end_takes_no_memory_without_an_end():
    reader = ReportReader()

    for _ in range(64):
        assert reader.feed(b"x" * 2**16) == []

    assert reader.feed(b'\n{"stage": "loaded"}\n') == [Stage.LOADED]
    assert len(vars(reader)["_rest"]) == 0


def test_what_was_cut_off_does_not_spoil_the_next_report(pipe: tuple[int, int]):
    to_read, to_write = pipe
    os.write(to_write, b'{"progress": {"epoch"')

    Reports(to_write).fail("the cause", lost_peers=False)

    assert ReportReader().feed(os.read(to_read, 10_000)) == [Failure("the cause", lost_peers=False)]


def test_a_report_that_nobody_reads_bothers_nobody():
    to_read, to_write = os.pipe()
    os.close(to_read)
    reports = Reports(to_write)

    reports.reach(Stage.LOADED)
    reports.fail("the cause", lost_peers=False)

    os.close(to_write)


def test_a_member_tells_that_it_has_started_and_what_it_starts_tells_nothing(
    pipe: tuple[int, int],
):
    to_read, to_write = pipe

    member = _run_member(to_write, os.getpid())

    assert (member.stdout, member.stderr, member.returncode) == ("False\n", "", 0)
    assert ReportReader().feed(os.read(to_read, 10_000)) == [Stage.STARTED]


def test_a_member_whose_parent_is_gone_ends_at_once(pipe: tuple[int, int]):
    to_read, to_write = pipe

    member = _run_member(to_write, os.getppid())

    assert (member.stdout, member.stderr, member.returncode) == ("", "", 1)
    os.write(to_write, b"nothing")
    assert os.read(to_read, 10_000) == b"nothing"
