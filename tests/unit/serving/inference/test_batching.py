"""Joining of requests, with a model that notes how it was called."""

import asyncio
import threading
from typing import Any

import numpy as np
import pytest
import uvloop

from serving.config_files import BatchingParameters
from serving.errors import ServingError, invalid_argument
from serving.inference.served_model import ServedModel
from serving.metrics import Metrics
from serving.tensors import Array, Arrays, Signature, TensorSpec
from support.waiting import DEADLINE_SECONDS

ROWS = TensorSpec("float", (None,))
PAIR = TensorSpec("float", (2,))


class Doubler:
    """Doubles its input; refuses negative numbers; waits while its gate is closed.

    Of infinite numbers it makes an error of another kind than those that it was written to make.
    """

    def __init__(self) -> None:
        self.signature_defs: dict[str, Any] = {}
        self.signatures = {
            "double": Signature(inputs={"x": ROWS}, outputs={"y": ROWS}),
            "unbatched": Signature(inputs={"x": PAIR}, outputs={"y": PAIR}),
        }
        self.batch_sizes: list[int] = []
        self.gate = threading.Event()
        self.gate.set()

    def run(self, signature_name: str, inputs: Arrays, place: int) -> dict[str, Array]:
        assert signature_name in self.signatures
        assert place in (0, 1)
        assert self.gate.wait(DEADLINE_SECONDS)
        self.batch_sizes.append(len(inputs["x"]))
        if (inputs["x"] < 0).any():
            raise invalid_argument("negative")
        if np.isinf(inputs["x"]).any():
            raise ValueError("infinite")
        return {"y": inputs["x"] * 2}

    def interrupt(self, place: int) -> None:
        """Nobody goes away in these tests."""

    def recover(self, place: int) -> None:
        """Nothing of a run that failed is left."""

    def close(self) -> None:
        """Holds nothing."""


def serve(model: Doubler, **parameters: Any) -> ServedModel:
    batching = BatchingParameters(**parameters)
    return ServedModel(model, num_places=2, batching=batching, metrics=Metrics())


def run(
    model: Doubler, requests: list[list[float]], signature: str = "double", **parameters: Any
) -> list[Any]:
    """Sends all requests at once; returns answers and errors in their order."""

    async def send() -> list[Any]:
        served = serve(model, **parameters)
        calls = [
            served.call(signature, {"x": np.array(request, np.float32)}) for request in requests
        ]
        answers = asyncio.gather(*calls, return_exceptions=True)
        await asyncio.sleep(0)  # lets every request join the queue
        model.gate.set()
        results = await answers
        served.close()
        return results

    return [
        answer if isinstance(answer, BaseException) else answer["y"].tolist()
        for answer in asyncio.run(send())
    ]


def test_requests_that_come_together_are_one_call_and_get_their_own_rows():
    model = Doubler()
    answers = run(
        model,
        [[1], [2, 3], [4]],
        num_batch_threads=1,
        batch_timeout_micros=50_000,
        max_batch_size=4,
    )
    assert answers == [[2], [4, 6], [8]]
    assert model.batch_sizes == [4]


def test_without_a_timeout_the_first_goes_alone_and_the_rest_together():
    model = Doubler()
    model.gate.clear()
    assert run(model, [[1], [2], [3]], num_batch_threads=1) == [[2], [4], [6]]
    assert model.batch_sizes == [1, 2]


def test_batch_is_filled_up_to_an_allowed_size():
    model = Doubler()
    answers = run(
        model,
        [[1], [2], [3]],
        num_batch_threads=1,
        batch_timeout_micros=50_000,
        max_batch_size=8,
        allowed_batch_sizes=(4, 8),
    )
    assert answers == [[2], [4], [6]]
    assert model.batch_sizes == [4]


@pytest.mark.parametrize(("bad", "error"), [(-1, ServingError), (np.inf, ValueError)])
def test_bad_request_fails_alone(bad: float, error: type[Exception]):
    answers = run(Doubler(), [[1], [bad], [3]], batch_timeout_micros=50_000, max_batch_size=3)
    assert answers[0] == [2]
    assert answers[2] == [6]
    assert isinstance(answers[1], error)


def test_request_larger_than_a_batch_is_refused():
    [error] = run(Doubler(), [[1, 2, 3]], max_batch_size=2)
    assert str(error) == ("INVALID_ARGUMENT: Task size 3 is larger than maximum input batch size 2")


def test_request_larger_than_a_batch_is_cut_up_where_that_is_enabled():
    model = Doubler()
    answers = run(model, [[1, 2, 3]], max_batch_size=2, enable_large_batch_splitting=True)
    assert answers == [[2, 4, 6]]
    assert sorted(model.batch_sizes) == [1, 2]


def test_large_request_without_room_for_all_of_it_is_refused_as_a_whole():
    model = Doubler()
    model.gate.clear()
    answers = run(
        model,
        [[1], [2, 3, 4]],
        num_batch_threads=1,
        max_batch_size=2,
        max_enqueued_batches=1,
        enable_large_batch_splitting=True,
    )
    assert answers[0] == [2]
    assert answers[1].http_status == 503
    assert model.batch_sizes == [1]


def test_parts_of_a_request_that_has_failed_are_not_computed():
    model = Doubler()
    [error] = run(
        model,
        [[-1, 2, 3, 4]],
        num_batch_threads=1,
        max_batch_size=1,
        enable_large_batch_splitting=True,
    )
    assert str(error) == "INVALID_ARGUMENT: negative"
    assert len(model.batch_sizes) <= 2  # the second may have begun


def test_parts_with_answers_of_different_shapes_are_an_error_that_says_so():
    class Padder(Doubler):
        def run(self, signature_name: str, inputs: Arrays, place: int) -> dict[str, Array]:
            outputs = super().run(signature_name, inputs, place)
            return {"y": np.zeros((len(inputs["x"]), int(outputs["y"].max())))}

    [error] = run(Padder(), [[1, 2, 3]], max_batch_size=2, enable_large_batch_splitting=True)
    assert str(error).startswith("FAILED_PRECONDITION: The parts of a request larger than a batch")


def test_no_more_batches_are_begun_than_the_model_has_places():
    model = Doubler()
    model.gate.clear()
    requests: list[list[float]] = [[number] for number in range(5)]
    answers = run(model, requests, num_batch_threads=8, max_batch_size=8)
    assert answers == [[2 * number] for [number] in requests]
    assert sorted(model.batch_sizes) == [1, 1, 3]


def test_client_that_has_gone_makes_room_for_another():
    async def send() -> list[float]:
        model = Doubler()
        model.gate.clear()
        served = serve(model, num_batch_threads=1, max_batch_size=1, max_enqueued_batches=1)

        def call(number: float) -> asyncio.Task[dict[str, Array]]:
            return asyncio.create_task(served.call("double", {"x": np.array([number], np.float32)}))

        running, gone = call(1), call(2)
        await asyncio.sleep(0)  # the first runs, the second waits
        gone.cancel()
        await asyncio.wait([gone])
        other = call(3)
        await asyncio.sleep(0)
        model.gate.set()
        return [float((await task)["y"][0]) for task in (running, other)]

    assert asyncio.run(send()) == [2, 6]


def test_full_queue_refuses_what_comes_on_top():
    model = Doubler()
    model.gate.clear()
    answers = run(
        model, [[1], [2], [3]], num_batch_threads=1, max_batch_size=1, max_enqueued_batches=1
    )
    assert answers[:2] == [[2], [4]]
    assert answers[2].http_status == 503
    assert "queue to which this task was submitted is full" in answers[2].message


def test_rows_of_other_shape_are_another_call():
    model = Doubler()
    model.signatures = {
        "double": Signature(
            inputs={"x": TensorSpec("float", (None, None))},
            outputs={"y": TensorSpec("float", (None, None))},
        )
    }
    answers = run(model, [[[1]], [[2, 3]]], batch_timeout_micros=50_000, max_batch_size=2)  # type: ignore[list-item]
    assert answers == [[[2]], [[4, 6]]]
    assert model.batch_sizes == [1, 1]


def test_signature_without_a_batch_dimension_is_called_as_it_is():
    model = Doubler()
    assert run(model, [[1, 2], [3, 4]], signature="unbatched") == [[2, 4], [6, 8]]
    assert model.batch_sizes == [2, 2]


def test_lone_requests_never_wait_longer_than_the_timeout():
    async def send() -> list[float]:
        served = serve(Doubler(), batch_timeout_micros=700)
        answers = []
        for number in range(300):
            inputs = {"x": np.array([number], np.float32)}
            async with asyncio.timeout(10):
                answers += (await served.call("double", inputs))["y"].tolist()
        served.close()
        return answers

    # The server's loop: its timers count whole milliseconds and may run out early.
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        assert runner.run(send()) == [2 * number for number in range(300)]


@pytest.mark.parametrize("num_requests", [1, 50])
def test_every_request_is_answered_whatever_the_sizes(num_requests: int):
    requests = [[float(i)] * (1 + i % 3) for i in range(num_requests)]
    answers = run(Doubler(), requests, max_batch_size=7, max_enqueued_batches=100)
    assert answers == [[2 * value for value in request] for request in requests]
