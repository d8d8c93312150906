"""Answers requests from the models; the same for every protocol."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from serving.errors import Code, ServingError, invalid_argument
from serving.inference import calls, classification
from serving.inference.calls import Call, Task
from serving.metrics import Metrics
from serving.models.manager import Handle, Manager
from serving.models.model_spec import ModelSpec
from serving.tensors import Array, Arrays, Signature


class Prediction(NamedTuple):
    """The answer to a predict request."""

    version: int
    signature_name: str
    outputs: dict[str, Array]


class Inference:
    """Answers requests from the models of a manager."""

    def __init__(
        self,
        manager: Manager,
        metrics: Metrics,
        *,
        max_request_values: int,
        max_inflight_requests: int,
    ) -> None:
        """Makes a service.

        Args:
          manager: Holds the models.
          metrics: Counts rows and times.
          max_request_values: The most numbers and strings that one request may hold.
          max_inflight_requests: The most requests that may be under way; more are refused.
        """
        self.manager = manager
        self.metrics = metrics
        self.max_request_values = max_request_values
        self._max_inflight_requests = max_inflight_requests
        self._num_inflight = 0
        self._is_closed = False

    @contextmanager
    def admit(self) -> Iterator[None]:
        """Counts a request as under way, before anything of it is kept in memory.

        Raises:
          ServingError: Too many are already, or the server stops.
        """
        if self._is_closed:
            raise ServingError(Code.UNAVAILABLE, "The server is stopping; ask another")
        if self._num_inflight >= self._max_inflight_requests:
            raise ServingError(
                Code.RESOURCE_EXHAUSTED,
                f"{self._num_inflight} requests are under way already; try again later",
            )
        self._num_inflight += 1
        try:
            yield
        finally:
            self._num_inflight -= 1

    def close(self) -> None:
        """Lets no more requests in."""
        self._is_closed = True

    async def predict(
        self,
        model: ModelSpec,
        signature_name: str,
        arrays: Arrays,
        output_filter: Sequence[str] = (),
        *,
        deadline: float | None = None,
    ) -> Prediction:
        """Returns the outputs of a signature, or those of them that the filter names.

        Args:
          model: The model to ask.
          signature_name: Its signature, "" for the default.
          arrays: The inputs.
          output_filter: Names of outputs; all if it is empty.
          deadline: When the client waits no more, in seconds of `time.monotonic()`.

        Raises:
          ServingError: The request is wrong, or the model can't answer it.
        """
        with self.manager.acquire(model) as handle:
            return await self.predict_with(
                handle, signature_name, arrays, output_filter, deadline=deadline
            )

    async def predict_with(
        self,
        handle: Handle,
        signature_name: str,
        arrays: Arrays,
        output_filter: Sequence[str] = (),
        *,
        deadline: float | None = None,
    ) -> Prediction:
        """Does what `predict` does, with a version that the caller holds."""
        signatures = handle.loaded.signatures
        call = calls.prepare_predict(signatures, signature_name, arrays)
        names = _pick_outputs(signatures[call.signature_name], output_filter)
        outputs = await self._run(handle, call, "Predict", deadline)
        return Prediction(
            handle.version, call.signature_name, {name: outputs[name] for name in names}
        )

    async def classify(
        self,
        model: ModelSpec,
        signature_name: str,
        examples: Array,
        *,
        deadline: float | None = None,
    ) -> tuple[int, list[classification.Classes]]:
        """Returns the version that answered, and the classes of each example.

        Raises:
          ServingError: The request is wrong, or the model can't answer it.
        """
        with self.manager.acquire(model) as handle:
            call = calls.prepare_classify(handle.loaded.signatures, signature_name, examples)
            outputs = await self._run(handle, call, "Classify", deadline)
        return handle.version, classification.read_classes(outputs, call.num_rows)

    async def regress(
        self,
        model: ModelSpec,
        signature_name: str,
        examples: Array,
        *,
        deadline: float | None = None,
    ) -> tuple[int, Array]:
        """Returns the version that answered, and a number for each example.

        Raises:
          ServingError: The request is wrong, or the model can't answer it.
        """
        with self.manager.acquire(model) as handle:
            call = calls.prepare_regress(handle.loaded.signatures, signature_name, examples)
            outputs = await self._run(handle, call, "Regress", deadline)
        return handle.version, classification.read_regressions(outputs, call.num_rows)

    async def multi_inference(
        self,
        model: ModelSpec,
        tasks: Sequence[Task],
        examples: Array,
        *,
        deadline: float | None = None,
    ) -> tuple[int, list[list[classification.Classes] | Array]]:
        """Returns the version that answered, and the answer to each task.

        Raises:
          ServingError: The request is wrong, or the model can't answer it.
        """
        answers: list[list[classification.Classes] | Array] = []
        with self.manager.acquire(model) as handle:
            prepared = calls.prepare_tasks(handle.loaded.signatures, tasks, examples)
            for task, call in zip(tasks, prepared, strict=True):
                outputs = await self._run(handle, call, "MultiInference", deadline)
                if task.method == classification.CLASSIFY_METHOD:
                    answers.append(classification.read_classes(outputs, call.num_rows))
                else:
                    answers.append(classification.read_regressions(outputs, call.num_rows))
        return handle.version, answers

    def read_signature_defs(self, model: ModelSpec) -> tuple[int, dict[str, Any]]:
        """Returns a version and its signatures, for the metadata API.

        Raises:
          ServingError: No such model, version or label answers requests.
        """
        with self.manager.acquire(model) as handle:
            return handle.version, dict(handle.loaded.signature_defs)

    async def _run(
        self, handle: Handle, call: Call, api: str, deadline: float | None
    ) -> dict[str, Array]:
        self.metrics.count_examples(handle.name, call.num_rows)
        started = time.perf_counter()
        outputs = await handle.loaded.call(call.signature_name, call.inputs, deadline=deadline)
        self.metrics.runtime_latency.add(
            handle.name, api, "TF1", value=(time.perf_counter() - started) * 1e6
        )
        return outputs


def _pick_outputs(signature: Signature, output_filter: Sequence[str]) -> Sequence[str]:
    for number, alias in enumerate(output_filter):
        if alias not in signature.outputs:
            raise invalid_argument(
                f"output tensor alias not found in signature: {alias} Outputs expected to be in "
                f"the set {{{','.join(signature.outputs)}}}."
            )
        if alias in output_filter[:number]:
            raise invalid_argument(f"duplicate output tensor alias: {alias}")
    return output_filter or list(signature.outputs)
