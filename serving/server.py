"""Puts the parts together and runs them until it is told to stop."""

import asyncio
import logging
import os
import threading
from collections.abc import Callable

from serving.access import Gate
from serving.call_meter import CallMeter
from serving.errors import Code, ServingError
from serving.grpc.access import AccessCheck
from serving.grpc.listener import GrpcListener
from serving.grpc.services import ModelService, PredictionService
from serving.inference.inference import Inference
from serving.metrics import Metrics
from serving.models.config import ModelConfig
from serving.models.manager import Manager
from serving.models.watching import watch
from serving.options import ServerOptions, read_models
from serving.proto_messages.tensors import Limits
from serving.rest.listener import RestListener
from serving.rest.page import Page
from serving.rest.service import RestOptions, RestService
from serving.saved_model.loading import Loader, LoadingOptions, list_folder
from serving.saved_model.session import SessionOptions

_WATCHER_SECONDS = 1.0
# Of one model at the same time; the number of threads that TF Serving has for each protocol.
_CALLS_PER_CPU = 4

logger = logging.getLogger(__name__)


class Server:
    """A model server.

    Attributes:
      rest_port: Port of the REST API once it listens, None if there is none.
      grpc_port: Port of the gRPC API, likewise.
      manager: Holds the models.
      metrics: What it has counted.
    """

    def __init__(
        self, options: ServerOptions, *, on_listening: Callable[[], None] | None = None
    ) -> None:
        """Makes a server; `on_listening` is called once clients can connect."""
        self.rest_port: int | None = None
        self.grpc_port: int | None = None
        self._options = options
        self._on_listening = on_listening
        self.metrics = Metrics()
        loader = Loader(self.metrics, _make_loading_options(options))
        self.manager = Manager(loader.load, list_folder, options.manager)
        self._meter = CallMeter(self.metrics, self.manager)
        self._operator_paths: set[str] = set()
        self._stopping = threading.Event()
        # Set while `run` runs: tells its event loop to stop.
        self._wake_up = _do_nothing
        self._listening = threading.Event()

    async def run(self) -> None:
        """Loads the models, listens, and returns when `stop` was called and all is answered.

        Raises:
          ServingError: A model could not be loaded, or a file not be read.
          OSError: A port is taken.
        """
        stop_requested = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake_up() -> None:
            loop.call_soon_threadsafe(stop_requested.set)

        self._wake_up = wake_up
        try:
            self._configure(self._options.models)
            await asyncio.to_thread(self._load_first_versions)
            if not self._stopping.is_set():
                await self._serve_and_watch(stop_requested)
        finally:
            self._wake_up = _do_nothing

    async def _serve_and_watch(self, stop_requested: asyncio.Event) -> None:
        watcher = threading.Thread(target=self._watch, name="version-watcher", daemon=True)
        watcher.start()
        try:
            await self._serve(stop_requested)
        finally:
            self._stopping.set()
            # It may be loading a model, which nobody waits for any more.
            await asyncio.to_thread(watcher.join, timeout=_WATCHER_SECONDS)

    def stop(self) -> None:
        """Takes no more requests and lets `run` return; may be called from any thread."""
        self._stopping.set()
        self._wake_up()

    def wait_until_listening(self, timeout_seconds: float) -> bool:
        """Waits until clients can connect; returns whether they can."""
        return self._listening.wait(timeout_seconds)

    def reload(self, models: list[ModelConfig]) -> None:
        """Serves these models, which a client asks for, and no others.

        Returns when the new ones are loaded.

        Raises:
          ServingError: A folder is not the operator's, a label points to no loaded version, or a
            model can't be loaded.
        """
        for model in models:
            known = model.base_path.rstrip("/") in self._operator_paths
            if not known and not self._options.allow_reload_of_new_paths:
                raise ServingError(
                    Code.PERMISSION_DENIED,
                    f"model {model.name}: expected a base_path that the server was started with, "
                    f"received {model.base_path}; --allow_reload_of_new_paths takes others",
                )
        self.manager.configure(models)
        self._load()

    def _configure(self, models: list[ModelConfig]) -> None:
        """Serves the models that the operator wants."""
        self.manager.configure(models)
        self._operator_paths = {model.base_path.rstrip("/") for model in models}

    def _load(self) -> None:
        self.manager.reconcile()
        for failure in self.manager.find_failures():
            raise failure

    def _load_first_versions(self) -> None:
        """Returns when each model that has versions can answer, or raises why it never will."""
        self.manager.reconcile()
        while self.manager.is_loading() and not self._stopping.wait(0.1):
            self.manager.reconcile()
        for failure in self.manager.find_failures():
            raise failure

    def _watch(self) -> None:
        options = self._options
        watch(
            self._stopping,
            self._look,
            folder_seconds=options.file_system_poll_wait_seconds,
            file_seconds=options.model_config_file_poll_wait_seconds
            if options.model_config_file
            else 0,
        )

    def _look(self, with_file: bool) -> None:  # noqa: FBT001
        try:
            # First the folders: a label in the file may wait for a version that is new there.
            self.manager.reconcile()
            if with_file and self._options.model_config_file:
                self._configure(read_models(self._options.model_config_file, "", ""))
                self._load()
        except ServingError as error:
            logger.error("Failed to reload the configuration: %s", error)  # noqa: TRY400 - no bug
        except Exception:
            logger.exception("Failed to look for versions; trying again later")

    async def _serve(self, stop_requested: asyncio.Event) -> None:
        options = self._options
        gate = Gate(options.bearer_token)
        inference = Inference(
            self.manager,
            self.metrics,
            max_request_values=options.max_request_values,
            max_inflight_requests=options.max_inflight_requests,
        )
        # Both ports are taken first: one that is in use ends this with a plain OSError.
        grpc_listener = self._make_grpc_listener(inference, gate)
        rest_listener = self._make_rest_listener(inference, gate)
        listeners = [listener for listener in (grpc_listener, rest_listener) if listener]
        async with asyncio.TaskGroup() as tasks:
            for listener in listeners:
                tasks.create_task(listener.run())
            self._listening.set()
            if self._on_listening:
                self._on_listening()
            await stop_requested.wait()
            logger.info("Stopping; requests under way have %g s", options.shutdown_grace_seconds)
            for listener in listeners:
                tasks.create_task(listener.stop())

    def _make_grpc_listener(self, inference: Inference, gate: Gate) -> GrpcListener | None:
        if self._options.port is None:
            return None
        predictions = PredictionService(
            inference,
            self._meter,
            limits=Limits(self._options.max_request_bytes, self._options.max_request_values),
            as_content=self._options.enable_serialization_as_tensor_content,
        )
        models = ModelService(inference, self._meter, self.reload)
        check = AccessCheck(gate, self._meter)
        listener = GrpcListener(predictions, models, check, self._options, self._options.port)
        self.grpc_port = listener.port
        return listener

    def _make_rest_listener(self, inference: Inference, gate: Gate) -> RestListener | None:
        if self._options.rest_api_port is None:
            return None
        application = RestService(inference, self._meter, gate, self._rest_options())
        listener = RestListener(application, self._options, self._options.rest_api_port)
        self.rest_port = listener.port
        return listener

    def _rest_options(self) -> RestOptions:
        return RestOptions(
            timeout_seconds=self._options.rest_api_timeout_in_ms / 1000,
            max_request_bytes=self._options.max_request_bytes,
            enable_cors=self._options.rest_api_enable_cors_support,
            metrics_path=self._options.metrics_path,
            page=Page() if self._options.enable_page else None,
        )


def _do_nothing() -> None:
    pass


def _make_loading_options(options: ServerOptions) -> LoadingOptions:
    return LoadingOptions(
        session=SessionOptions(
            num_places=_CALLS_PER_CPU * (os.cpu_count() or 1),
            intra_op_parallelism=options.tensorflow_intra_op_parallelism,
            inter_op_parallelism=options.tensorflow_inter_op_parallelism or 1,
        ),
        warmup_iterations=options.num_request_iterations_for_warmup
        if options.enable_model_warmup
        else 0,
        batching=options.batching,
    )
