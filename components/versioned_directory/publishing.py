"""Publishes models in a versioned directory, each with one rename (standard library only)."""

import errno
import fcntl
import logging
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from components.versioned_directory.labels import labels_path, read_labelled
from components.versioned_directory.model_files import (
    copy_file,
    digest_files,
    sync_folder,
    sync_folders,
    transfer_model,
)
from components.versioned_directory.push_record import (
    PushOrigin,
    PushRecord,
    make_record,
    write_record,
)
from components.versioned_directory.versions import PushError, Version, list_versions, next_number

logger = logging.getLogger(__name__)

_LOCK = ".lock"
_STAGING = ".staging-"
_REMOVED = ".removed-"
_NUMBER_IS_TAKEN = (errno.EEXIST, errno.ENOTEMPTY, errno.ENOTDIR)
_ADVICE = {
    errno.ENOSPC: "Free space on that filesystem, or set serving_model_dir to another one.",
    errno.EDQUOT: "Raise the quota, or set serving_model_dir to another place.",
    errno.EROFS: "Mount it writable, or set serving_model_dir to another place.",
    **dict.fromkeys(
        (errno.EACCES, errno.EPERM),
        "Give this user write permission, or set serving_model_dir to another place.",
    ),
    **dict.fromkeys(
        (errno.ENOTDIR, errno.EEXIST),
        "Expected a directory, received a file: set serving_model_dir to another place.",
    ),
}


def push_model(
    source: Path,
    directory: Path,
    *,
    origin: PushOrigin,
    check: Callable[[Path], None],
    keep: int,
    now: float,
) -> Version:
    """Publishes a model as the newest version, unless the newest one already is this model.

    The exception is what a push finds whose predecessor was killed after its rename, before
    anybody took note of the version.

    Args:
      source: Folder of a SavedModel.
      directory: The versioned directory; it is made if it is not there.
      origin: Goes into the version's record.
      check: Is called with the staged copy; it raises if that is not fit to be served.
      keep: How many of the newest versions stay, at least 1; the served one is the newest. Older
        ones stay as long as they have a label.
      now: Seconds since 1970; the version's number, unless that is taken or below another.

    Raises:
      PushError: `directory` cannot be written; nothing is left of the attempt.
    """
    with exclusive(directory, create=True):
        record = make_record(source, origin, now)
        versions = list_versions(directory)
        if versions and digest_files(versions[-1].path) == record.files:
            _sync_published(versions[-1])
            _prune(directory, keep)  # that push may have been killed before it came to this
            return versions[-1]
        with stage_model(source, directory, record, place=copy_file) as staged:
            check(staged)
            version = publish(staged, directory, now)
        _prune(directory, keep)
        return version


@contextmanager
def exclusive(directory: Path, *, create: bool = False) -> Iterator[None]:
    """Holds the directory's lock, and clears away what killed pushes have left.

    The operating system gives the lock back when its holder ends, in whichever way.

    Args:
      directory: A versioned directory.
      create: Whether to make it if it is not there.

    Raises:
      PushError: Something in the block, or here, raised an OSError.
    """
    try:
        if create and not directory.is_dir():
            directory.mkdir(parents=True, exist_ok=True)
            sync_folder(directory.parent)
        with (directory / _LOCK).open("a") as lock:
            _wait_for(lock.fileno(), directory)
            # Only a holder of the lock has such folders, so none of these is in use.
            for pattern in (f"{_STAGING}*", f"{_REMOVED}*"):
                for leftover in directory.glob(pattern):
                    shutil.rmtree(leftover, ignore_errors=True)
            yield
    except OSError as error:
        raise PushError(_explain(error, directory)) from error


@contextmanager
def stage_model(
    source: Path, directory: Path, record: PushRecord, *, place: Callable[[Path, Path], None]
) -> Iterator[Path]:
    """Yields a complete, durable copy under a hidden name; removes it unless it was published.

    It stands in `directory` itself, so that the rename stays within one filesystem.

    Raises:
      PushError: The copy differs from the source.
    """
    staging = directory / f"{_STAGING}{os.getpid()}-{uuid.uuid4().hex[:8]}"
    try:
        staging.mkdir()  # with the caller's umask: a server may run as another user
        transfer_model(source, staging, place)
        if digest_files(staging) != record.files:
            raise PushError(
                f"{source}: expected the model to stand still while it was copied to {staging}, "
                "received other content. Nothing was published. Run the push again."
            )
        write_record(staging, record)
        sync_folders(staging)
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)


def publish(staged: Path, directory: Path, now: float) -> Version:
    """Renames a staged model to the next version number, and makes that durable."""
    versions = list_versions(directory)
    number = next_number(versions[-1].number if versions else None, now)
    while True:
        try:
            version = Version(number, staged.rename(directory / str(number)))
        except OSError as error:
            # Something that does not heed the lock came first, such as TFX's own Pusher.
            if error.errno not in _NUMBER_IS_TAKEN:
                raise
            number += 1
        else:
            _sync_published(version)
            return version


def _prune(directory: Path, keep: int) -> None:
    """Removes old versions without a label; a failure is only logged: the push has succeeded."""
    try:
        labelled = read_labelled(directory)
    except (OSError, ValueError) as error:
        logger.warning("%s: no version is removed (%s)", labels_path(directory), error)
        return
    old = list_versions(directory)[:-keep]
    for version in (each for each in old if each.number not in labelled):
        # Hidden first: no reader sees a version of which half is gone.
        removed = directory / f"{_REMOVED}{version.number}-{uuid.uuid4().hex[:8]}"
        try:
            version.path.rename(removed)
            shutil.rmtree(removed)
        except OSError as error:
            logger.warning("%s: cannot be removed (%s)", version.path, error.strerror)


def _sync_published(version: Version) -> None:
    """Makes the rename durable; what already is served is not called a failure."""
    try:
        sync_folder(version.path.parent)
    except OSError as error:
        logger.warning("%s: may not outlive a power cut (%s)", version.path, error.strerror)


def _wait_for(lock: int, directory: Path) -> None:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        logger.info("%s: waiting for another push to end", directory)
        fcntl.flock(lock, fcntl.LOCK_EX)


def _explain(error: OSError, directory: Path) -> str:
    versions: list[Version] = []
    with suppress(OSError):
        versions = list_versions(directory)
    at = f" at {error.filename}" if error.filename else ""
    stands = f"; version {versions[-1].number} still is the newest" if versions else ""
    advice = _ADVICE.get(error.errno or 0, "Run the push again when that is put right.")
    return (
        f"{directory}: cannot publish a version: {error.strerror}{at}. Nothing was published or "
        f"left behind{stands}. {advice}"
    )
