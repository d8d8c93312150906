"""Runs where the machine is not as a run would like it."""

import subprocess
from collections.abc import Callable

import pytest

from support.disks.small import in_a_mount_without_permission
from support.waiting import DEADLINE_SECONDS
from support.workspaces import Workspace

IN_PROCESSES = (
    "beam_pipeline_args=[--runner=FnApiRunner, --sdk_container_image=unused, "
    "--direct_running_mode=multi_processing, --direct_num_workers=2]"
)


@pytest.fixture
def workspace(make_workspace: Callable[..., Workspace]) -> Workspace:
    return make_workspace(num_train=200, num_test=50)


def test_a_proxy_keeps_no_worker_of_beam_from_another(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch, closed_port: int
):
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name)
    for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "ALL_PROXY"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port}")

    answer = subprocess.run(
        workspace.command("run", "--only", "IdxExampleGen", *workspace.arguments(IN_PROCESSES)),
        cwd=workspace.folder,
        check=False,
        capture_output=True,
        text=True,
        timeout=DEADLINE_SECONDS,
    )

    assert answer.returncode == 0, answer.stdout + answer.stderr
    assert "IdxExampleGen: complete" in answer.stdout


@pytest.mark.parametrize("command", ["run", "doctor"])
def test_a_machine_without_shared_memory_is_told_so(command: str, workspace: Workspace):
    answer = subprocess.run(
        [
            *in_a_mount_without_permission("/dev/shm"),  # noqa: S108 - it is the one
            *workspace.command(command, *workspace.arguments()),
        ],
        cwd=workspace.folder,
        check=False,
        capture_output=True,
        text=True,
    )

    assert answer.returncode == 1
    said = " ".join(answer.stdout.split())
    assert "Shared memory: expected a /dev/shm to write to, received Read-only file system" in said
    assert "docker run --tmpfs /dev/shm" in said
    assert "Traceback" not in answer.stderr
