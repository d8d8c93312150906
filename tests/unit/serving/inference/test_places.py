"""The threads of a model: what is done in them, and how what nobody waits for is ended."""

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Coroutine
from typing import Any

import pytest

from serving.errors import ServingError
from serving.inference.places import Places
from support.waiting import DEADLINE_SECONDS


class Bench:
    """Places in which work can be held until it is interrupted or let go."""

    def __init__(self, num_places: int) -> None:
        self.places = Places(num_places, interrupt=self._interrupt, recover=self._recover)
        self.interrupted: list[int] = []
        self.recovered: list[int] = []
        self.ran: list[str] = []
        self.began = threading.Semaphore(0)
        self.go_on = threading.Event()

    def hold(self, place: int) -> int:
        """Is work that takes until `go_on` is set, which an interrupt does."""
        self.began.release()
        assert self.go_on.wait(DEADLINE_SECONDS)
        return place

    def note(self, name: str) -> Any:
        def work(_: int) -> None:
            self.ran.append(name)

        return work

    async def wait_for_begin(self) -> None:
        assert await asyncio.to_thread(self.began.acquire, timeout=DEADLINE_SECONDS)

    def _interrupt(self, place: int) -> None:
        self.interrupted.append(place)
        self.go_on.set()

    def _recover(self, place: int) -> None:
        self.recovered.append(place)


def run(test: Coroutine[Any, Any, None]) -> None:
    async def in_time() -> None:
        async with asyncio.timeout(DEADLINE_SECONDS):
            await test

    asyncio.run(in_time())


def test_work_gets_the_number_of_its_place_and_its_result_is_handed_out():
    async def test() -> None:
        bench = Bench(1)
        assert [await bench.places.submit(lambda place: ("done", place)) for _ in range(3)] == [
            ("done", 0)
        ] * 3
        assert bench.recovered == []

    run(test())


def test_as_much_is_done_at_a_time_as_there_are_places():
    async def test() -> None:
        bench = Bench(2)
        held = [bench.places.submit(bench.hold) for _ in range(2)]
        for _ in held:
            await bench.wait_for_begin()
        waiting = bench.places.submit(bench.note("third"))
        assert bench.ran == []
        bench.go_on.set()
        assert sorted(await asyncio.gather(*held)) == [0, 1]
        await waiting
        assert bench.ran == ["third"]

    run(test())


def test_work_whose_deadline_is_over_is_interrupted_and_its_place_recovers():
    async def test() -> None:
        bench, seconds = Bench(1), 0.05
        while not bench.interrupted:  # on a busy machine the time may be over before it begins
            with pytest.raises(ServingError, match="DEADLINE_EXCEEDED: Timed out waiting"):
                await bench.places.submit(bench.hold, deadline=time.monotonic() + seconds)
            seconds *= 2
        await bench.places.submit(bench.note("next"))
        assert (bench.interrupted, bench.recovered) == ([0], [0])
        assert bench.ran == ["next"]

    run(test())


def test_work_that_cannot_be_interrupted_keeps_nobody_from_a_free_place():
    async def test() -> None:
        bench, never = Bench(2), threading.Event()

        def hold_on(_: int) -> None:
            bench.began.release()
            assert never.wait(DEADLINE_SECONDS)

        stuck = bench.places.submit(hold_on)
        await bench.wait_for_begin()
        stuck.cancel()
        await bench.places.submit(bench.note("next"))
        assert bench.ran == ["next"]
        never.set()

    run(test())


def test_work_whose_client_has_gone_is_interrupted():
    async def test() -> None:
        bench = Bench(1)
        call = bench.places.submit(bench.hold)
        await bench.wait_for_begin()
        call.cancel()
        await bench.places.submit(bench.note("next"))
        assert (bench.interrupted, bench.recovered) == ([0], [0])

    run(test())


def test_work_that_nobody_waits_for_any_more_is_never_begun():
    async def test() -> None:
        bench = Bench(1)
        held = bench.places.submit(bench.hold)
        await bench.wait_for_begin()
        gone = bench.places.submit(bench.note("gone"))
        gone.cancel()
        last = bench.places.submit(bench.note("last"))
        await asyncio.sleep(0)
        bench.go_on.set()
        await asyncio.gather(held, last)
        assert bench.ran == ["last"]
        assert bench.interrupted == []

    run(test())


def test_nothing_is_kept_of_what_waited_in_vain():
    async def test() -> None:
        bench = Bench(1)
        held = bench.places.submit(bench.hold)
        gone = weakref.ref(waiting := bench.places.submit(bench.note("gone")))
        waiting.cancel()
        await asyncio.sleep(0)  # its callbacks are called
        del waiting
        gc.collect()
        assert gone() is None
        bench.go_on.set()
        await held

    run(test())


def test_error_is_handed_out_and_its_place_recovers():
    async def test() -> None:
        bench = Bench(1)

        def fail(place: int) -> None:
            raise ValueError(place)

        with pytest.raises(ValueError, match="0"):
            await bench.places.submit(fail)
        await bench.places.submit(bench.note("next"))
        assert bench.recovered == [0]

    run(test())


def test_threads_end_when_the_places_are_closed():
    async def test() -> None:
        bench = Bench(2)
        threads: list[threading.Thread] = []
        await bench.places.submit(lambda _: threads.append(threading.current_thread()))
        bench.places.close()
        await asyncio.to_thread(threads[0].join, DEADLINE_SECONDS)
        assert not threads[0].is_alive()

    run(test())
