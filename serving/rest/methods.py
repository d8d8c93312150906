"""Predict, classify and regress: JSON in, JSON out."""

from collections.abc import Sequence
from contextlib import ExitStack, closing
from functools import partial

from serving.errors import ServingError, invalid_argument
from serving.inference.classification import Classes, decode_label
from serving.inference.inference import Inference
from serving.json_messages.bounds import Bounds
from serving.json_messages.examples import (
    parse_examples_request,
    render_classifications,
    render_regressions,
)
from serving.json_messages.predict import parse_predict_request, render_predict_reply
from serving.models.manager import Handle
from serving.models.model_spec import ModelSpec
from serving.off_loop import LARGE_JSON, LARGE_REPLY, run_in_thread_if
from serving.proto_messages.examples import serialize_features
from serving.tensors import Array, Signature, count_values


class JsonMethods:
    """Asks the models what a body asks; each method raises a ServingError if it can't.

    A deadline is in seconds of `time.monotonic()`.
    """

    def __init__(self, inference: Inference) -> None:
        self._inference = inference

    async def predict(self, model: ModelSpec, body: bytes, deadline: float) -> bytes:
        """Returns the outputs of a signature."""
        with ExitStack() as stack:
            acquired = self._try_to_acquire(model, stack)
            bounds = stack.enter_context(self._make_bounds(deadline))
            parse = partial(parse_predict_request, body, partial(_find_signature, acquired), bounds)
            request = await run_in_thread_if(len(body) > LARGE_JSON, parse, deadline)
            handle = _unwrap(acquired)
            prediction = await self._inference.predict_with(
                handle, request.signature_name, request.inputs, deadline=deadline
            )
            outputs = prediction.outputs
            render = partial(render_predict_reply, outputs, request.format, bounds)
            return await run_in_thread_if(count_values(outputs) > LARGE_REPLY, render, deadline)

    async def classify(self, model: ModelSpec, body: bytes, deadline: float) -> bytes:
        """Returns the classes of each example."""
        with self._make_bounds(deadline) as bounds:
            signature_name, examples = await self._parse_examples(body, bounds)
            _, rows = await self._inference.classify(
                model, signature_name, examples, deadline=deadline
            )
            num_values = sum(map(len, rows))
            render = partial(_render_classes, rows, bounds)
            return await run_in_thread_if(num_values > LARGE_REPLY, render, deadline)

    async def regress(self, model: ModelSpec, body: bytes, deadline: float) -> bytes:
        """Returns a number for each example."""
        with self._make_bounds(deadline) as bounds:
            signature_name, examples = await self._parse_examples(body, bounds)
            _, values = await self._inference.regress(
                model, signature_name, examples, deadline=deadline
            )
            render = partial(render_regressions, values, bounds)
            return await run_in_thread_if(len(values) > LARGE_REPLY, render, deadline)

    def _make_bounds(self, deadline: float) -> "closing[Bounds]":
        """Returns the bounds of a call, which close when nobody waits for its answer any more."""
        return closing(Bounds(deadline, self._inference.max_request_values))

    def _try_to_acquire(self, model: ModelSpec, stack: ExitStack) -> Handle | ServingError:
        """Returns a version, or the error that a body which can be read is answered with."""
        try:
            return stack.enter_context(self._inference.manager.acquire(model))
        except ServingError as error:
            return error

    async def _parse_examples(self, body: bytes, bounds: Bounds) -> tuple[str, Array]:
        """Returns the signature that a body names, and its examples as serialized tf.Examples."""

        def parse() -> tuple[str, Array]:
            request = parse_examples_request(body, bounds)
            examples = bounds.paced(request.examples)
            return request.signature_name, serialize_features(examples, request.context)

        return await run_in_thread_if(len(body) > LARGE_JSON, parse, bounds.deadline)


def _unwrap(acquired: Handle | ServingError) -> Handle:
    if isinstance(acquired, ServingError):
        raise acquired
    return acquired


def _find_signature(acquired: Handle | ServingError, name: str) -> Signature:
    signatures = _unwrap(acquired).loaded.signatures
    if name not in signatures:
        raise invalid_argument(f'Serving signature name: "{name}" not found in signature def')
    return signatures[name]


def _render_classes(rows: Sequence[Classes], bounds: Bounds) -> bytes:
    readable = [
        [(decode_label(label), float(str(score))) for label, score in bounds.paced(classes)]
        for classes in bounds.paced(rows)
    ]
    return render_classifications(readable)
