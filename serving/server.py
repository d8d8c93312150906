"""Puts the parts together and runs them until it is told to stop."""

import asyncio
import logging
import threading
from collections.abc import Callable

from serving.access import Gate
from serving.call_meter import CallMeter
from serving.errors import ServingError
from serving.grpc.access import AccessCheck
from serving.grpc.health import HealthService
from serving.grpc.listener import GrpcListener
from serving.grpc.services import ModelService, PredictionService
from serving.inference.inference import Inference
from serving.metrics import Metrics
from serving.models.manager import Manager
from serving.models.processors import count_processors
from serving.models.reloading import ReloadableModels
from serving.options import ServerOptions
from serving.proto_messages.tensors import Limits
from serving.rest.health import HealthPages
from serving.rest.listener import RestListener
from serving.rest.page import Page
from serving.rest.service import RestOptions, RestService
from serving.saved_model.loading import Loader, LoadingOptions, list_folder
from serving.saved_model.session import SessionOptions

_WATCHER_SECONDS = 1.0
# Of one model at the same time; the number of threads that TF Serving has for each protocol.
_CALLS_PER_PROCESSOR = 4
# For each, operations are added to the graph; so many keep the processors of any machine busy.
_MOST_CALLS = 64

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
        self,
        options: ServerOptions,
        *,
        on_listening: Callable[[], None] | None = None,
        on_ready: Callable[[], None] | None = None,
    ) -> None:
        """Makes a server.

        Args:
          options: How it is to run.
          on_listening: Called once clients can connect.
          on_ready: Called once they can ask each model.
        """
        self.rest_port: int | None = None
        self.grpc_port: int | None = None
        self._options = options
        self._on_listening = on_listening
        self._on_ready = on_ready
        self.metrics = Metrics()
        loader = Loader(self.metrics, _make_loading_options(options))
        self.manager = Manager(loader.load, list_folder, options.manager)
        self._meter = CallMeter(self.metrics, self.manager)
        self._models = ReloadableModels(self.manager, options)
        # Set while `run` runs: tells its event loop to stop.
        self._wake_up = _do_nothing
        self._listening = threading.Event()
        self._ready = threading.Event()

    async def run(self) -> None:
        """Loads the models, listens, and returns when `stop` was called and all is answered.

        It listens while it loads its first models, or only then if the options say so.

        Raises:
          ServingError: A model that it was started with could not be loaded, or a file not be
            read.
          OSError: A port is taken.
        """
        stop_requested = asyncio.Event()
        loop = asyncio.get_running_loop()

        def wake_up() -> None:
            loop.call_soon_threadsafe(stop_requested.set)

        self._wake_up = wake_up
        try:
            self._models.configure(self._options.models)
            await self._watch_and_serve(stop_requested)
        finally:
            self._wake_up = _do_nothing

    async def _watch_and_serve(self, stop_requested: asyncio.Event) -> None:
        watcher = threading.Thread(target=self._models.watch, name="version-watcher", daemon=True)
        watcher.start()
        try:
            if self._options.listen_when_ready:
                await self._models.await_first_versions()
            if not self._models.are_stopping:
                await self._serve(stop_requested)
        finally:
            self._models.stop()
            # It may be loading a model, which nobody waits for any more.
            await asyncio.to_thread(watcher.join, timeout=_WATCHER_SECONDS)

    def stop(self) -> None:
        """Takes no more requests and lets `run` return; may be called from any thread."""
        self._models.stop()
        self._wake_up()

    def wait_until_listening(self, timeout_seconds: float) -> bool:
        """Waits until clients can connect; returns whether they can."""
        return self._listening.wait(timeout_seconds)

    def is_ready(self) -> bool:
        """Returns whether requests for every configured model are taken and answered."""
        return not self._models.find_why_unready()

    def wait_until_ready(self, timeout_seconds: float) -> bool:
        """Waits until the first models answer clients; returns whether they do."""
        return self._ready.wait(timeout_seconds)

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
            failure = await self._await_end(stop_requested)
            self._models.stop()
            logger.info("Stopping; requests under way have %g s", options.shutdown_grace_seconds)
            for listener in listeners:
                tasks.create_task(listener.stop())
        if failure:
            raise failure

    async def _await_end(self, stop_requested: asyncio.Event) -> ServingError | None:
        """Returns when the server is to end, with why if one of its first models never loads."""
        try:
            await self._models.await_first_versions()
        except ServingError as error:
            return error
        if not self._models.are_stopping:
            self._ready.set()
            if self._on_ready:
                self._on_ready()
        await stop_requested.wait()
        return None

    def _make_grpc_listener(self, inference: Inference, gate: Gate) -> GrpcListener | None:
        if self._options.port is None and not self._options.grpc_socket_path:
            return None
        predictions = PredictionService(
            inference,
            self._meter,
            limits=Limits(self._options.max_request_bytes, self._options.max_request_values),
            as_content=self._options.enable_serialization_as_tensor_content,
        )
        models = ModelService(inference, self._meter, self._models.reload)
        # Without a token there is nothing to check, which costs a tenth of a call.
        check = AccessCheck(gate, self._meter) if self._options.bearer_token else None
        health = HealthService(self.is_ready)
        listener = GrpcListener(predictions, models, check, health, self._options)
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
            health=HealthPages(self._models.find_why_unready),
        )


def _do_nothing() -> None:
    pass


def _make_loading_options(options: ServerOptions) -> LoadingOptions:
    return LoadingOptions(
        session=SessionOptions(
            tags=options.saved_model_tags,
            num_places=_count_places(options),
            intra_op_parallelism=options.tensorflow_intra_op_parallelism,
            inter_op_parallelism=options.tensorflow_inter_op_parallelism or 1,
            gpu_memory_fraction=options.per_process_gpu_memory_fraction,
        ),
        warmup_iterations=max(options.num_request_iterations_for_warmup, 1)
        if options.enable_model_warmup
        else 0,
        batching=options.batching,
        per_model_batching=options.batching is not None
        and options.enable_per_model_batching_parameters,
    )


def _count_places(options: ServerOptions) -> int:
    asked_for = max(options.rest_api_num_threads, options.grpc_max_threads)
    num_batches = options.batching.num_batch_threads if options.batching else 0
    by_default = min(_CALLS_PER_PROCESSOR * count_processors(), _MOST_CALLS)
    return max(asked_for or by_default, num_batches)
