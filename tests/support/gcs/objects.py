"""The buckets of the stand-in for Google Cloud Storage, in memory."""

import base64
import datetime as dt
import hashlib
import itertools
import threading
from dataclasses import dataclass
from typing import Any


class NoSuchObjectError(LookupError):
    """There is no such bucket, or no such object in it."""


class PreconditionError(RuntimeError):
    """The object is not of the generation that the request wants."""


@dataclass(frozen=True)
class StoredObject:
    """One generation of an object."""

    bucket: str
    name: str
    content: bytes
    generation: int
    updated: dt.datetime

    @property
    def md5(self) -> str:
        return base64.b64encode(hashlib.md5(self.content, usedforsecurity=False).digest()).decode()

    def describe(self) -> dict[str, Any]:
        """Returns the resource of the JSON API; its 64-bit numbers are strings."""
        updated = self.updated.strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "kind": "storage#object",
            "bucket": self.bucket,
            "name": self.name,
            "size": str(len(self.content)),
            "generation": str(self.generation),
            "metageneration": "1",
            "contentType": "application/octet-stream",
            "timeCreated": updated,
            "updated": updated,
            "md5Hash": self.md5,
        }


@dataclass(frozen=True)
class Page:
    """A part of a listing; `next_token` is empty on the last."""

    objects: list[StoredObject]
    prefixes: list[str]
    next_token: str


class ObjectStore:
    """Objects by bucket and name. Folders there are none, only names with slashes."""

    def __init__(self, *buckets: str) -> None:
        self.buckets = frozenset(buckets)
        self._objects: dict[tuple[str, str], StoredObject] = {}
        self._generations = itertools.count(1)
        self._lock = threading.Lock()

    def check_bucket(self, bucket: str) -> None:
        if bucket not in self.buckets:
            raise NoSuchObjectError(f"The specified bucket does not exist: {bucket}")

    def put(
        self, bucket: str, name: str, content: bytes, *, if_generation: int | None = None
    ) -> StoredObject:
        """Stores the object whole, in place of any of that name."""
        self.check_bucket(bucket)
        with self._lock:
            self._check_generation(bucket, name, if_generation)
            now = dt.datetime.now(tz=dt.UTC)
            stored = StoredObject(bucket, name, content, next(self._generations), now)
            self._objects[bucket, name] = stored
        return stored

    def get(self, bucket: str, name: str) -> StoredObject:
        try:
            return self._objects[bucket, name]
        except KeyError:
            raise NoSuchObjectError(f"No such object: {bucket}/{name}") from None

    def delete(self, bucket: str, name: str, *, if_generation: int | None = None) -> None:
        with self._lock:
            self._check_generation(bucket, name, if_generation)
            self.get(bucket, name)
            del self._objects[bucket, name]

    def names(self, bucket: str, prefix: str = "") -> list[str]:
        """Returns the names in the bucket that begin with `prefix`, in order."""
        return list(self._find(bucket, prefix))

    def list_page(self, bucket: str, *, prefix: str, delimiter: str, token: str, size: int) -> Page:
        """Lists names in order; those that go on past a delimiter appear once, as a prefix."""
        entries: dict[str, StoredObject | None] = {}
        for name, stored in self._find(bucket, prefix).items():
            end = name.find(delimiter, len(prefix)) if delimiter else -1
            if end < 0:
                entries[name] = stored
            else:
                entries[name[: end + len(delimiter)]] = None
        left = [entry for entry in entries if entry > token]
        shown = left[:size]
        return Page(
            objects=[stored for entry in shown if (stored := entries[entry])],
            prefixes=[entry for entry in shown if entries[entry] is None],
            next_token=shown[-1] if len(left) > size else "",
        )

    def _find(self, bucket: str, prefix: str) -> dict[str, StoredObject]:
        self.check_bucket(bucket)
        with self._lock:
            stored = sorted(self._objects.items(), key=lambda item: item[0])
        return {
            name: content
            for (owner, name), content in stored
            if owner == bucket and name.startswith(prefix)
        }

    def _check_generation(self, bucket: str, name: str, wanted: int | None) -> None:
        stored = self._objects.get((bucket, name))
        # Generation 0 asks that there be none yet.
        if wanted is not None and wanted != (stored.generation if stored else 0):
            raise PreconditionError(f"{bucket}/{name} is not of generation {wanted}")
