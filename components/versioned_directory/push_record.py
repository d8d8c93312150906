"""What a version says of itself, in a file within it (standard library only)."""

import datetime as dt
import json
import logging
import os
import pwd
import socket
from dataclasses import asdict, dataclass, field
from pathlib import Path

from components.versioned_directory.exports import ExportRecord, parse_exports, read_exports
from components.versioned_directory.model_files import RECORD_PATH, digest_files, digest_model

logger = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class PushOrigin:
    """Where a model comes from; what is not known is empty.

    Attributes:
      pipeline_name: The pipeline that pushed it.
      run_id: The run that pushed it.
      model_id: Id of the model's artifact in ML Metadata, 0 if unknown.
      model_uri: Folder of that artifact.
      metrics: Metrics over all rows of the evaluated split, by name.
      data_files: SHA-256 of each source file of the examples, by file name.
      data_fingerprint: One digest for all of them.
      code_digest: Digest of the code that trained the model.
      tuned: The hyperparameters that a Tuner has chosen, by name.
      class_names: How classes are called, from label 0 on; empty if they have no names.
    """

    pipeline_name: str = ""
    run_id: str = ""
    model_id: int = 0
    model_uri: str = ""
    metrics: dict[str, float] = field(default_factory=dict)
    data_files: dict[str, str] = field(default_factory=dict)
    data_fingerprint: str = ""
    code_digest: str = ""
    tuned: dict[str, bool | float] = field(default_factory=dict)
    class_names: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class PushRecord:
    """What a version says of itself.

    Attributes:
      origin: Where the model comes from.
      model_digest: One SHA-256 for the model's files, those of its exports left out.
      files: SHA-256 of each file, by path.
      exports: What was measured of the model in other formats, whose files are among those.
      pushed_at: When, in UTC, as ISO 8601.
      pushed_by: Who, as user@host.
      copy_of: Number of the version that was first pushed with this model, if a rollback made
        this one.
      replaced: Number of the version that was served before that rollback.
    """

    origin: PushOrigin
    model_digest: str
    files: dict[str, str]
    pushed_at: str
    pushed_by: str
    copy_of: int | None = None
    replaced: int | None = None
    exports: tuple[ExportRecord, ...] = ()


def make_record(folder: Path, origin: PushOrigin, now: float) -> PushRecord:
    """Describes the model in `folder`, pushed by this user `now` (seconds since 1970)."""
    files = digest_files(folder)
    return PushRecord(
        origin=origin,
        model_digest=digest_model(files),
        files=files,
        exports=read_exports(folder),
        pushed_at=dt.datetime.fromtimestamp(now, tz=dt.UTC).isoformat(timespec="seconds"),
        pushed_by=_user_at_host(),
    )


def render_record(record: PushRecord) -> str:
    """Returns the record as JSON."""
    content = asdict(record)
    # Who reads records of before there were names would refuse the key.
    if not record.origin.class_names:
        del content["origin"]["class_names"]
    return json.dumps(content, indent=2) + "\n"


def parse_record(text: str) -> PushRecord:
    """Reads a record from JSON.

    Raises:
      ValueError: `text` is not a record.
    """
    try:
        content = json.loads(text)
        origin = content["origin"]
        return PushRecord(
            **{
                **content,
                # Versions of before there were names, or exports, have no such key.
                "origin": PushOrigin(
                    **{**origin, "class_names": tuple(origin.get("class_names", ()))}
                ),
                "exports": parse_exports(content.get("exports", [])),
            }
        )
    except (TypeError, KeyError) as error:
        raise ValueError(f"expected a push record, received {text[:80]!r} ({error})") from error


def write_record(folder: Path, record: PushRecord) -> None:
    """Writes the record of a version that nobody sees yet, down to the disk."""
    path = folder / RECORD_PATH
    path.parent.mkdir(exist_ok=True)
    with path.open("w", encoding="utf-8") as file:
        file.write(render_record(record))
        file.flush()
        os.fsync(file.fileno())


def read_record(folder: Path) -> PushRecord | None:
    """Returns the record of a version, None if something else than a push made it."""
    path = folder / RECORD_PATH
    try:
        return parse_record(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return None
    except ValueError as error:
        logger.warning("%s: %s. The version counts as one without a record.", path, error)
        return None


def _user_at_host() -> str:
    try:
        user = pwd.getpwuid(os.getuid()).pw_name
    except KeyError:  # a container may run under an id that has no name
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}"
