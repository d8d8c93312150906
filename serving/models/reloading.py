"""The models of a server: those of the operator, or those that a client has asked for since."""

import asyncio
import logging
import threading
from collections.abc import Collection

from serving.errors import Code, ServingError
from serving.models.config import ModelConfig
from serving.models.manager import Manager
from serving.models.processors import count_processors
from serving.models.watching import Watcher
from serving.options import ServerOptions, read_models

# How often to look whether models are there; nobody notices so little.
_CHECK_SECONDS = 0.05

logger = logging.getLogger(__name__)


class ReloadableModels:
    """Has a manager follow the folders, the file of models, and requests to reload."""

    def __init__(self, manager: Manager, options: ServerOptions) -> None:
        """Makes models that `watch` keeps up to date."""
        self._manager = manager
        self._options = options
        self._operator_paths: set[str] = set()
        self._stopping = threading.Event()
        self._are_first_loaded = False
        self._watcher = Watcher(
            self._look,
            self._retry,
            folder_seconds=options.file_system_poll_wait_seconds,
            file_seconds=options.model_config_file_poll_wait_seconds
            if options.model_config_file
            else 0,
        )

    @property
    def are_stopping(self) -> bool:
        """Whether `stop` was called."""
        return self._stopping.is_set()

    def configure(self, models: list[ModelConfig]) -> None:
        """Serves the models that the operator wants.

        Raises:
          ServingError: A label points to a version that is not loaded. Nothing was changed.
        """
        self._manager.configure(models)
        self._operator_paths = {model.base_path.rstrip("/") for model in models}

    def watch(self) -> None:
        """Loads and unloads until `stop` is called; wants a thread of its own."""
        self._watcher.run()

    def stop(self) -> None:
        """Lets everybody return who waits for models; may be called from any thread."""
        self._stopping.set()
        self._watcher.stop()

    def find_why_unready(self) -> list[str]:
        """Returns why requests are not answered: models without a version, or the end."""
        if self.are_stopping:
            return ["the server is stopping"]
        return [f"model {name} has no version yet" for name in self._manager.find_unavailable()]

    async def await_first_versions(self) -> None:
        """Returns when all configured models answer, or the server stops.

        Raises:
          ServingError: One of them never will: it was tried as often as the options say.
        """
        await self._await_versions(None)
        self._are_first_loaded = True

    async def reload(self, models: list[ModelConfig]) -> None:
        """Serves these models, which a client asks for, and no others.

        Returns when those that are new have a version that answers, and the others were looked at;
        who waits no longer cancels.

        Raises:
          ServingError: A folder is not the operator's, a label points to no loaded version, a
            model can't be loaded, or the server stops.
        """
        for model in models:
            known = model.base_path.rstrip("/") in self._operator_paths
            if not known and not self._options.allow_reload_of_new_paths:
                raise ServingError(
                    Code.PERMISSION_DENIED,
                    f"model {model.name}: expected a base_path that the server was started with, "
                    f"received {model.base_path}; --allow_reload_of_new_paths takes others",
                )
        before = set(self._manager.model_names)
        self._manager.configure(models)
        number = self._watcher.look_now()
        while self._watcher.num_looks < number and not self.are_stopping:  # noqa: ASYNC110 - a thread looks
            await asyncio.sleep(_CHECK_SECONDS)
        await self._await_versions({model.name for model in models} - before)
        if self.are_stopping:
            raise ServingError(Code.UNAVAILABLE, "The server is stopping")

    async def _await_versions(self, names: Collection[str] | None) -> None:
        """Returns when these models, None for all, answer, or the server stops."""
        while not self.are_stopping:
            unavailable = self._manager.find_unavailable()
            if not any(names is None or name in names for name in unavailable):
                return
            for failure in self._manager.find_failures(names):
                raise failure
            await asyncio.sleep(_CHECK_SECONDS)

    def _num_load_threads(self) -> int | None:
        """Returns how many versions to load at a time: more while requests wait for the first."""
        if self._are_first_loaded:
            return None
        return max(self._options.manager.num_load_threads, count_processors())

    def _retry(self) -> bool:
        if not self.are_stopping:
            try:
                self._manager.load_waiting(num_threads=self._num_load_threads())
            except Exception:
                logger.exception("Failed to load versions; trying again later")
        return self._manager.is_waiting_to_load()

    def _look(self, with_file: bool) -> None:  # noqa: FBT001
        try:
            # First the folders: a label in the file may wait for a version that is new there.
            self._manager.reconcile(num_threads=self._num_load_threads())
            if with_file and self._options.model_config_file:
                current = self._manager.configs
                self.configure(read_models(self._options.model_config_file, current=current))
                self._manager.reconcile(num_threads=self._num_load_threads())
        except ServingError as error:
            logger.error("Failed to reload the configuration: %s", error)  # noqa: TRY400 - no bug
        except Exception:
            logger.exception("Failed to look for versions; trying again later")
