"""The doctor's look at the machine: GPUs, free disk, shared memory and write permission."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from runners.doctor.finding import Finding, Severity
from runners.shared_memory import SharedMemoryError, check_shared_memory

_GIB = 1024**3
# A run on MNIST writes 20 MB; this leaves room for the runs that follow.
_NEEDED_BYTES = _GIB // 2
_LIST_GPUS = """
import json, tensorflow
print(json.dumps([device.name for device in tensorflow.config.list_physical_devices("GPU")]))
"""
_TENSORFLOW_SECONDS = 180


def check_gpus(
    *, ask_tensorflow: bool = False, hidden: bool = False, devices: Path = Path("/dev")
) -> Finding:
    """Looks for NVIDIA GPUs, and asks TensorFlow in a process of its own whether it can use them.

    Args:
      ask_tensorflow: Ask even where no GPU is seen; takes seconds.
      hidden: Whether the configuration keeps training off the GPUs.
      devices: Where the driver puts its device files.
    """
    seen, complaint = _seen_gpus(devices)
    if complaint:
        return Finding("GPUs", Severity.NOTE, complaint, "reinstall the NVIDIA driver, or restart")
    if not seen and not ask_tensorflow:
        return Finding("GPUs", Severity.OK, "none; training uses the CPU")
    if hidden and seen:
        found = f"{', '.join(seen)} seen; training.hide_gpus keeps training on the CPU"
        return Finding("GPUs", Severity.NOTE, found, "--set training.hide_gpus=false")
    usable = _gpus_of_tensorflow()
    if usable is None:
        return Finding(
            "GPUs",
            Severity.FIX,
            "TensorFlow cannot be imported",
            f"see why: {sys.executable} -c 'import tensorflow'",
        )
    found = f"{', '.join(seen) or 'none'} seen; {len(usable)} usable by TensorFlow"
    if len(usable) < len(seen):
        return Finding("GPUs", Severity.NOTE, found, _why_unused())
    return Finding("GPUs", Severity.OK, found)


def check_disk(folder: str, *, needed_bytes: int = _NEEDED_BYTES) -> Finding:
    """Compares the free space where artifacts will go with what a run writes.

    Args:
      folder: Local folder, which need not exist yet, or a remote address.
      needed_bytes: Less than this is a finding.
    """
    if _is_remote(folder):
        return Finding("free disk", Severity.NOTE, f"{folder} is remote: not looked at")
    free = shutil.disk_usage(_existing_parent(Path(folder))).free
    found = f"{free / _GIB:.1f} GiB at {folder}"
    if free < needed_bytes:
        advice = f"a run needs {needed_bytes / _GIB:.1f} GiB: make room, or --set pipeline_root=..."
        return Finding("free disk", Severity.FIX, found, advice)
    return Finding("free disk", Severity.OK, found)


def look_at_shared_memory() -> Finding:
    """Checks that Beam's workers can synchronise."""
    try:
        check_shared_memory()
    except SharedMemoryError as error:
        return Finding("shared memory", Severity.FIX, str(error))
    return Finding("shared memory", Severity.OK, "there is some, at /dev/shm")


def check_writable(folders: Sequence[str]) -> Finding:
    """Checks that a run may create what it writes.

    Args:
      folders: Local folders, which need not exist yet, or remote addresses, which are passed over.
    """
    local = [folder for folder in folders if not _is_remote(folder)]
    refused = [f"{folder}: {reason}" for folder in local if (reason := _why_unwritable(folder))]
    if refused:
        advice = "give yourself the permission, or choose other folders in the configuration"
        return Finding("write permission", Severity.FIX, "\n".join(refused), advice)
    return Finding("write permission", Severity.OK, "\n".join(local) or "remote: not looked at")


def _seen_gpus(devices: Path) -> tuple[list[str], str]:
    """Returns the names of the GPUs, and what is wrong with the driver if it does not answer."""
    files = sorted(path.name for path in devices.glob("nvidia[0-9]*"))
    command = shutil.which("nvidia-smi")
    if command is None:
        return files, ""
    query = [command, "--query-gpu=name", "--format=csv,noheader"]
    answer = subprocess.run(query, capture_output=True, text=True, check=False)  # noqa: S603 - found on PATH
    lines = (answer.stdout or answer.stderr).strip().splitlines()
    if answer.returncode:
        return [], f"nvidia-smi failed: {lines[0]}" if files and lines else ""
    return lines, ""


def _gpus_of_tensorflow() -> list[str] | None:
    """Returns the GPUs that TensorFlow lists in a fresh process; None if it cannot be imported."""
    answer = subprocess.run(  # noqa: S603 - this very interpreter
        [sys.executable, "-P", "-c", _LIST_GPUS],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        timeout=_TENSORFLOW_SECONDS,
    )
    if answer.returncode:
        return None
    gpus: list[str] = json.loads(answer.stdout.splitlines()[-1])
    return gpus


def _why_unused() -> str:
    visible = os.environ.get("CUDA_VISIBLE_DEVICES")
    if visible is not None:
        return f"CUDA_VISIBLE_DEVICES={visible!r} hides them; unset it"
    return "TensorFlow finds no CUDA libraries: make cuda installs them"


def _why_unwritable(folder: str) -> str:
    """Tries to write, since permission bits say little about read-only mounts or to root."""
    try:
        with tempfile.TemporaryFile(dir=_existing_parent(Path(folder))):
            return ""
    except OSError as error:
        return str(error)


def _is_remote(folder: str) -> bool:
    return "://" in folder


def _existing_parent(folder: Path) -> Path:
    return next(path for path in (folder, *folder.absolute().parents) if path.exists())
