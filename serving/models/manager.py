"""Keeps the models in memory in step with their folders, while requests run."""

import gc
import threading
import time
from collections.abc import Callable, Collection, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager
from typing import NamedTuple

from serving.errors import Code, ServingError, invalid_argument
from serving.models.attempts import Load, LoadAttempts
from serving.models.config import ModelConfig
from serving.models.folders import VersionFolders
from serving.models.lifecycle import ModelVersion, State, VersionedModel, VersionStatus
from serving.models.loaded_model import LoadedModel
from serving.models.manager_options import ManagerOptions
from serving.models.model_spec import ModelSpec

_MOST_LOADS = 64


class Handle(NamedTuple):
    """A version that stays in memory until the request that holds the handle is done."""

    name: str
    version: int
    loaded: LoadedModel


class Manager:
    """Holds the models; may be used from any thread.

    A new version is loaded beside the old one and takes over only when it answered its warmup
    requests; one that can't be loaded changes nothing. Nothing here runs by itself: somebody
    calls `reconcile` from time to time, and `load_waiting` when a retry may be due.
    """

    def __init__(
        self,
        load: Load,
        list_children: Callable[[str], Sequence[str]],
        options: ManagerOptions | None = None,
        *,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Makes a manager without models.

        Args:
          load: Reads one version into memory; whatever it raises is why it could not.
          list_children: Returns the names in a folder, or raises OSError or ServingError.
          options: How to load.
          clock: Seconds that only ever grow.
        """
        self._folders = VersionFolders(list_children)
        self._options = options or ManagerOptions()
        self._clock = clock
        self._lock = threading.Lock()
        self._attempts = LoadAttempts(load, self._lock, self._options, clock)
        # Held by the one thread that polls and loads.
        self._reconciling = threading.Lock()
        # Its threads stay: TensorFlow keeps state for each thread that has loaded a model.
        self._threads = ThreadPoolExecutor(_MOST_LOADS, thread_name_prefix="model-loader")
        # Whether a version has ended, or failed half-way, since memory was last reclaimed.
        self._has_garbage = False
        self._models: dict[str, VersionedModel] = {}
        self._configs: dict[str, ModelConfig] = {}
        self._labels: dict[str, dict[str, int]] = {}

    def configure(self, configs: Sequence[ModelConfig]) -> None:
        """Sets which models to serve; those that are not named any more are unloaded.

        Raises:
          ServingError: A label points to a version that is not loaded. Nothing was changed.
        """
        with self._lock:
            labels = {config.name: self._check_labels(config) for config in configs}
            self._labels = labels
            self._configs = {config.name: config for config in configs}
            for config in configs:
                self._models.setdefault(config.name, VersionedModel(config.name))

    def reconcile(self, *, num_threads: int | None = None) -> None:
        """Looks at the folders once, then loads and unloads until nothing is left to do.

        Args:
          num_threads: How many versions to load at a time; None for what the options say.
        """
        with self._reconciling:
            self._poll()
            self._load_and_unload(num_threads)

    def load_waiting(self, *, num_threads: int | None = None) -> None:
        """Does the same without a look at the folders: tries again what failed long enough ago."""
        with self._reconciling:
            self._load_and_unload(num_threads)

    @contextmanager
    def acquire(self, spec: ModelSpec) -> Iterator[Handle]:
        """Gives access to one version and keeps it loaded meanwhile.

        Raises:
          ServingError: No such model, version or label answers requests.
        """
        if not spec.name:
            raise invalid_argument("ModelSpec has no name specified.")
        with self._lock:
            number = spec.version if spec.label is None else self._version_of(spec)
            version = self._find(spec.name, number)
            if version is None or version.loaded is None:
                wanted = f"Latest({spec.name})"
                if number is not None:
                    wanted = f"Specific({spec.name}, {number})"
                raise ServingError(Code.NOT_FOUND, f"Servable not found for request: {wanted}")
            version.num_users += 1
            handle = Handle(spec.name, version.number, version.loaded)
        try:
            yield handle
        finally:
            with self._lock:
                version.release()
                self._has_garbage |= version.state is State.END

    def read_status(self, name: str, number: int | None = None) -> list[VersionStatus]:
        """Returns the status of one version, or of every version there ever was, newest first.

        Raises:
          ServingError: There never was such a version.
        """
        with self._lock:
            return self._models.get(name, VersionedModel(name)).read_status(number)

    @property
    def model_names(self) -> list[str]:
        """The models that are configured."""
        return sorted(self._configs)

    def is_configured(self, name: str) -> bool:
        """Returns whether a model of this name is configured."""
        return name in self._configs

    @property
    def configs(self) -> list[ModelConfig]:
        """The configuration of each of them."""
        return list(self._configs.values())

    def find_unavailable(self) -> list[str]:
        """Returns the configured models of which no version answers."""
        with self._lock:
            return [
                name for name in sorted(self._configs) if not self._models[name].newest_available()
            ]

    def is_waiting_to_load(self) -> bool:
        """Returns whether a version is to be loaded, now or when it is tried again."""
        with self._lock:
            return any(self._models[name].is_waiting_to_load() for name in self._configs)

    def find_failures(self, names: Collection[str] | None = None) -> list[ServingError]:
        """Returns an error for each configured model of which no version could be loaded.

        Args:
          names: The models to look at; None for all.
        """
        with self._lock:
            failures = (
                self._models[name].failure()
                for name in self._configs
                if names is None or name in names
            )
            return [failure for failure in failures if failure]

    def _poll(self) -> None:
        with self._lock:
            configs = dict(self._configs)
            for name in self._models.keys() - configs.keys():
                self._models[name].aspire({})
        for name, folders in self._folders.find(configs.values()).items():
            with self._lock:
                self._models[name].aspire(folders)

    def _load_and_unload(self, num_threads: int | None) -> None:
        self._unload_superseded()
        most = max(self._options.num_load_threads if num_threads is None else num_threads, 1)
        attempts: set[Future[None]] = set()
        while True:
            while len(attempts) < most and (waiting := self._next_to_load()):
                attempts.add(self._threads.submit(self._attempt, *waiting))
            if not attempts:
                return
            done, attempts = wait(attempts, return_when=FIRST_COMPLETED)
            for attempt in done:
                attempt.result()
            self._unload_superseded()

    def _attempt(self, config: ModelConfig, version: ModelVersion) -> None:
        is_loaded = self._attempts.attempt(config, version)
        with self._lock:
            self._has_garbage |= not is_loaded

    def _unload_superseded(self) -> None:
        with self._lock:
            for model in self._models.values():
                self._has_garbage |= model.unload_superseded()
        self._collect_garbage()

    def _collect_garbage(self) -> None:
        """Frees what was unloaded: TensorFlow's models hold themselves, by reference cycles."""
        if self._has_garbage:
            self._has_garbage = False
            gc.collect()
            with self._lock:
                # What was held is not freed: not before it is looked for again.
                self._has_garbage |= any(model.is_held for model in self._models.values())

    def _next_to_load(self) -> tuple[ModelConfig, ModelVersion] | None:
        now = self._clock()
        with self._lock:
            for name, config in self._configs.items():
                version = self._models[name].next_to_load(now)
                if version is not None:
                    version.state = State.LOADING
                    return config, version
        return None

    def _find(self, name: str, number: int | None) -> ModelVersion | None:
        model = self._models.get(name)
        return model.find_available(number) if model else None

    def _version_of(self, spec: ModelSpec) -> int:
        labels = self._labels.get(spec.name, {})
        if spec.label not in labels:
            raise invalid_argument(f"Unrecognized servable version label: {spec.label}")
        return labels[spec.label]

    def _check_labels(self, config: ModelConfig) -> dict[str, int]:
        known = self._labels.get(config.name, {})
        for label, number in config.labels.items():
            # Requests would follow a label that moves to a version which does not answer.
            moves = known.get(label, number) != number
            if self._options.allow_version_labels_for_unavailable_models and not moves:
                continue
            if self._find(config.name, number) is None:
                raise ServingError(
                    Code.FAILED_PRECONDITION,
                    f"Request to assign label to version {number} of model {config.name}, which "
                    "is not currently available for inference",
                )
        return dict(config.labels)
