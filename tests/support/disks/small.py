"""A bound on the size of files, and filesystems that hold little, or nothing, for a program."""

import os
import resource
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest


@contextmanager
def files_limited_to(num_bytes: int) -> Iterator[None]:
    """Within the block, no file grows larger: a write beyond it is an OSError, EFBIG."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (num_bytes, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def in_a_small_mount(folder: Path, size: str) -> list[str]:
    """Returns the command that runs another one with a new filesystem at a folder.

    Nobody else sees that filesystem, which is gone when the other command has ended. The test is
    skipped where no filesystem can be mounted.

    Args:
      folder: Exists; the command finds it empty.
      size: How much the filesystem holds, as `mount` takes it: "200k".
    """
    return _in_a_mount(folder, f"size={size}")


def in_a_mount_without_permission(folder: Path | str) -> list[str]:
    """Returns the command that runs another one with nothing to write to at a folder.

    Args:
      folder: Exists; the command finds it empty and read-only. Otherwise as `in_a_small_mount`.
    """
    return _in_a_mount(folder, "ro")


def _in_a_mount(folder: Path | str, options: str) -> list[str]:
    as_root = [] if os.geteuid() == 0 else ["--user", "--map-root-user"]
    mount = f'mount -t tmpfs -o {options} tmpfs "$1" && shift && exec "$@"'
    command = ["unshare", "--mount", *as_root, "sh", "-c", mount, "-", str(folder)]
    try:
        subprocess.run([*command, "true"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        pytest.skip(f"this machine lets no test mount a filesystem: {error}")
    return command
