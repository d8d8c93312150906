"""Makes an older version the served one (standard library only)."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from components.versioned_directory.model_files import digest_files, link_file
from components.versioned_directory.publishing import exclusive, publish, stage_model
from components.versioned_directory.push_record import PushOrigin, PushRecord, make_record
from components.versioned_directory.versions import (
    PushError,
    Version,
    list_versions,
    version_before,
)


def roll_back(directory: Path, number: int | None, *, now: float) -> Version:
    """Publishes an older model again, as the newest version.

    Under its old number it would have to win over the newer ones in every server's
    configuration. Under a new one, any server takes it as it takes a push, and so the next push
    wins over it. The files are links to the older version's: it costs no space, and nothing is
    removed.

    Args:
      directory: The versioned directory.
      number: Which version; None for the newest other model that was pushed before the served
        one.
      now: Seconds since 1970.

    Returns:
      The new version, or the served one if it already holds that model.

    Raises:
      PushError: There is no such version, its files are not those that were pushed, or the
        directory cannot be written.
    """
    _check_not_empty(directory)
    with exclusive(directory):
        versions = list_versions(directory)
        served, target = versions[-1], _choose(versions, number, directory)
        # Whoever names a version also wants its exports, or to be rid of those that are served.
        if digest_files(target.path) == digest_files(served.path):
            return served
        record = _make_record(target, served, now)
        with stage_model(target.path, directory, record, place=link_file) as staged:
            return publish(staged, directory, now)


def _check_not_empty(directory: Path) -> None:
    try:
        is_empty = not list_versions(directory)
    except OSError as error:
        raise PushError(f"{directory}: cannot be read: {error.strerror}.") from error
    if is_empty:
        raise PushError(
            f"{directory}: expected at least one version, received none. Set serving_model_dir to "
            "the directory that the pipeline pushes to, or run the pipeline (tfx-mnist run)."
        )


def _choose(versions: Sequence[Version], number: int | None, directory: Path) -> Version:
    listing = ", ".join(str(version.number) for version in versions)
    if number is None:
        target = version_before(versions)
        problem = f"expected another model that was pushed before version {versions[-1].number}"
    else:
        target = next((version for version in versions if version.number == number), None)
        problem = f"there is no version {number}"
    if target is None:
        raise PushError(f"{directory}: {problem}. Name one of: {listing}.")
    return target


def _make_record(target: Version, served: Version, now: float) -> PushRecord:
    """Describes the copy of `target` that is to replace `served`, once its files are in order."""
    origin = target.record.origin if target.record else PushOrigin()
    record = make_record(target.path, origin, now)
    if target.record and target.record.files != record.files:
        paths = {path for path, _ in target.record.files.items() ^ record.files.items()}
        raise PushError(
            f"{target.path}: expected the files that were pushed, received others: "
            f"{', '.join(sorted(paths))}. Choose another version."
        )
    if "saved_model.pb" not in record.files:
        raise PushError(
            f"{target.path}: expected a SavedModel, received no saved_model.pb. "
            "Choose another version."
        )
    return replace(record, copy_of=target.first_number, replaced=served.number)
