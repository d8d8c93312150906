"""Pushes to a remote versioned directory, such as gs://, where no rename is atomic."""

from collections.abc import Mapping
from pathlib import Path

from tfx.dsl.io import fileio
from tfx.utils import io_utils

from components.versioned_directory.model_files import RECORD_PATH
from components.versioned_directory.push_record import PushRecord, parse_record, render_record
from components.versioned_directory.versions import next_number, parse_number

_LAST_FILE = "saved_model.pb"


def push_remotely(source: Path, base_directory: str, record: PushRecord, *, now: float) -> int:
    """Copies a model into a new version, as TFX's own Pusher does: saved_model.pb comes last.

    A model server takes a version without that file for one that is not loadable, and tries
    again. Nothing is pruned: let a lifecycle rule of the bucket do that. Pushes are not
    serialised: leave it to the orchestrator that only one runs at a time.

    Args:
      source: Local folder of a SavedModel.
      base_directory: The versioned directory, with a scheme that TFX knows.
      record: Goes into the version, before saved_model.pb.
      now: Seconds since 1970.

    Returns:
      The new version's number, or the newest one's if that already is this model.
    """
    highest = _highest_number(base_directory)
    if highest is not None and _holds(f"{base_directory}/{highest}", record.files):
        return highest
    number = next_number(highest, now)
    target = f"{base_directory}/{number}"
    io_utils.copy_dir(
        str(source), target, deny_regex_patterns=[rf"{_LAST_FILE}$", f"{RECORD_PATH}$"]
    )
    io_utils.write_string_file(f"{target}/{RECORD_PATH}", render_record(record))
    fileio.copy(str(source / _LAST_FILE), f"{target}/{_LAST_FILE}")
    return number


def _highest_number(base_directory: str) -> int | None:
    if not fileio.isdir(base_directory):
        return None
    numbers = [parse_number(str(name).rstrip("/")) for name in fileio.listdir(base_directory)]
    return max((number for number in numbers if number is not None), default=None)


def _holds(version: str, files: Mapping[str, str]) -> bool:
    """Returns whether a version is complete and has, as its record says, these very files."""
    path = f"{version}/{RECORD_PATH}"
    if not fileio.exists(path) or not fileio.exists(f"{version}/{_LAST_FILE}"):
        return False
    with fileio.open(path) as file:
        text = file.read()
    try:
        return parse_record(text).files == files
    except ValueError:
        return False
