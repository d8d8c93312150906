"""Tries to load a version, and notes when it is to be tried again."""

import logging
import threading
from collections.abc import Callable

from serving.errors import Code, ServingError
from serving.models.config import ModelConfig
from serving.models.lifecycle import ModelVersion, State
from serving.models.loaded_model import LoadedModel
from serving.models.manager_options import ManagerOptions

Load = Callable[[ModelConfig, ModelVersion], LoadedModel]
"""Reads one version into memory; whatever it raises is why it could not."""

logger = logging.getLogger(__name__)


class LoadAttempts:
    """Loads versions; may be used by several threads, for a version by one at a time."""

    def __init__(
        self,
        load: Load,
        lock: threading.Lock,
        options: ManagerOptions,
        clock: Callable[[], float],
    ) -> None:
        """Makes what loads.

        Args:
          load: Loads a version.
          lock: Held while the state of a version is changed.
          options: How often to try, and how long to wait in between.
          clock: Seconds that only ever grow.
        """
        self._load = load
        self._lock = lock
        self._options = options
        self._clock = clock

    def attempt(self, config: ModelConfig, version: ModelVersion) -> bool:
        """Loads a version outside of the lock, so that requests go on meanwhile.

        Returns:
          Whether it answers requests now.
        """
        version.num_attempts += 1
        try:
            loaded = self._load(config, version)
        except Exception as error:  # noqa: BLE001 - TensorFlow raises anything
            self._note_failure(config, version, error)
            return False
        with self._lock:
            version.loaded, version.error, version.state = loaded, None, State.AVAILABLE
        logger.info(
            "Successfully loaded servable version {name: %s version: %d}",
            config.name,
            version.number,
        )
        return True

    def _note_failure(self, config: ModelConfig, version: ModelVersion, error: Exception) -> None:
        with self._lock:
            # Without its traceback, whose frames hold what was loaded so far.
            if isinstance(error, ServingError):
                version.error = ServingError(error.code, error.message)
            else:
                version.error = ServingError(Code.UNKNOWN, f"{type(error).__name__}: {error}")
            retries_left = self._options.max_num_load_retries + 1 - version.num_attempts
            version.state = State.START if retries_left > 0 and version.aspired else State.END
            version.next_attempt = self._clock() + self._options.load_retry_interval_seconds
        logger.error(
            "Loading servable {name: %s version: %d} failed, %d more attempts: %s",
            config.name,
            version.number,
            max(retries_left, 0),
            version.error,
        )
