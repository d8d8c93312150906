"""The life of each version of a model: start, loading, available, unloading, end."""

import weakref
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum

from serving.errors import Code, ServingError
from serving.models.loaded_model import LoadedModel


class State(Enum):
    """Where a version is in its life, as the status API names it (get_model_status.proto)."""

    UNKNOWN = 0
    START = 10
    LOADING = 20
    AVAILABLE = 30
    UNLOADING = 40
    END = 50


@dataclass(frozen=True)
class VersionStatus:
    """What the status API tells about a version.

    Attributes:
      version: Its number.
      state: Where it is in its life.
      error: Why it could not be loaded, None if it could.
    """

    version: int
    state: State
    error: ServingError | None = None


@dataclass
class ModelVersion:
    """One version of a model.

    Attributes:
      number: Its version number.
      path: Its folder.
      aspired: Whether it is wanted: on disk, and chosen by the policy.
      state: Where it is in its life.
      loaded: The model itself, while it can answer.
      error: Why the last attempt to load it failed.
      num_users: Requests that are using it.
      num_attempts: How often it was tried to load.
      next_attempt: When to try again, in seconds of the manager's clock.
      unloaded: The memory of the model that ended last, unless it is free already.
    """

    number: int
    path: str
    aspired: bool = True
    state: State = State.START
    loaded: LoadedModel | None = None
    error: ServingError | None = None
    num_users: int = 0
    num_attempts: int = 0
    next_attempt: float = 0.0
    unloaded: "weakref.ref[object] | None" = None

    @property
    def status(self) -> VersionStatus:
        """What the status API tells about it."""
        return VersionStatus(self.number, self.state, self.error)

    @property
    def is_held(self) -> bool:
        """Whether memory of a model that has ended is not free; a thread that ends may hold it."""
        return self.unloaded is not None and self.unloaded() is not None

    def start_unloading(self) -> None:
        """Takes no more requests; ends as soon as nobody uses it."""
        self.state = State.UNLOADING
        self._end_if_unused()

    def release(self) -> None:
        """Is told that one request is done with it."""
        self.num_users -= 1
        self._end_if_unused()

    def _end_if_unused(self) -> None:
        if self.state is State.UNLOADING and self.num_users == 0:
            if self.loaded:
                self.loaded.close()
                self.unloaded = weakref.ref(self.loaded.memory)
            self.state, self.loaded = State.END, None


@dataclass
class VersionedModel:
    """All versions of one model that were ever wanted. Not thread-safe: the manager locks."""

    name: str
    versions: dict[int, ModelVersion] = field(default_factory=dict)

    def aspire(self, folders: Mapping[int, str]) -> None:
        """Says which versions are wanted, with the folder of each."""
        for number, version in self.versions.items():
            if number not in folders:
                version.aspired = False
                if version.state is State.START:
                    version.state = State.END
        for number, path in folders.items():
            known = self.versions.get(number)
            # A version that failed stays failed until its folder goes away and comes back.
            if known is None or (known.state is State.END and not known.aspired):
                self.versions[number] = ModelVersion(number, path)
            elif known.state is State.AVAILABLE:
                known.aspired = True

    def unload_superseded(self) -> bool:
        """Unloads what is wanted no more, but never the last that answers for a wanted one.

        Returns:
          Whether some version has ended; those that are in use end later.
        """
        aspired = [version for version in self.versions.values() if version.aspired]
        serving = [version for version in aspired if version.state is State.AVAILABLE]
        outdated = sorted(
            (
                version
                for version in self.versions.values()
                if not version.aspired and version.state is State.AVAILABLE
            ),
            key=lambda version: version.number,
        )
        keep_one = bool(aspired) and not serving
        superseded = outdated[:-1] if keep_one else outdated
        for version in superseded:
            version.start_unloading()
        return any(version.state is State.END for version in superseded)

    @property
    def is_held(self) -> bool:
        """Whether something still holds a version that has ended."""
        return any(version.is_held for version in self.versions.values())

    def next_to_load(self, now: float) -> ModelVersion | None:
        """Returns the highest version that waits to be loaded, None if none does."""
        waiting = [
            version
            for version in self.versions.values()
            if version.aspired and version.state is State.START and version.next_attempt <= now
        ]
        return max(waiting, key=lambda version: version.number, default=None)

    def is_waiting_to_load(self) -> bool:
        """Returns whether a version is to be loaded, now or when it is tried again."""
        return any(version.state is State.START for version in self.versions.values())

    def read_status(self, number: int | None) -> list[VersionStatus]:
        """Returns the status of one version, or of every version there ever was, newest first.

        Raises:
          ServingError: There never was such a version.
        """
        if number is not None:
            if number not in self.versions:
                raise ServingError(
                    Code.NOT_FOUND, f"Could not find version {number} of model {self.name}"
                )
            return [self.versions[number].status]
        if not self.versions:
            raise ServingError(Code.NOT_FOUND, f"Could not find any versions of model {self.name}")
        return [self.versions[key].status for key in sorted(self.versions, reverse=True)]

    def newest_available(self) -> ModelVersion | None:
        """Returns the version that answers requests which name none."""
        return max(self.available(), key=lambda version: version.number, default=None)

    def find_available(self, number: int | None) -> ModelVersion | None:
        """Returns the version of a number, None for the newest; None if it answers no requests."""
        if number is None:
            return self.newest_available()
        version = self.versions.get(number)
        return version if version and version.state is State.AVAILABLE else None

    def available(self) -> Iterable[ModelVersion]:
        """Returns the versions that answer requests."""
        return [v for v in self.versions.values() if v.state is State.AVAILABLE]

    def failure(self) -> ServingError | None:
        """Returns why no version is available, None unless all that were wanted are given up."""
        aspired = [version for version in self.versions.values() if version.aspired]
        if self.newest_available() or not aspired:
            return None
        failed = [version for version in aspired if version.error and version.state is State.END]
        if len(failed) < len(aspired):
            return None
        reasons = ", ".join(
            f"{{name: {self.name} version: {version.number}}} due to error: {version.error}"
            for version in failed
        )
        return ServingError(Code.UNKNOWN, f"1 model(s) did not become available: {{{reasons}}}")
