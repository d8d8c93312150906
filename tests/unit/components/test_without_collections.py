"""What is loaded at the start of a process is kept from the collector of garbage."""

import gc
from collections.abc import Iterator

import pytest

from components.without_collections import without_collections


class Cycle:
    """Garbage that only the collector can free."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def collector_as_it_was() -> Iterator[None]:
    yield
    gc.unfreeze()
    gc.enable()


def test_nothing_is_collected_within_and_what_was_made_is_left_alone_afterwards():
    collected = []
    gc.callbacks.append(lambda phase, info: collected.append(info) if phase == "stop" else None)
    try:
        with without_collections():
            kept = [Cycle() for _ in range(10 * gc.get_threshold()[0])]
        within = len(collected)
        gc.collect()
    finally:
        gc.callbacks.pop()

    assert within == 0
    assert len(collected) == 1
    assert gc.isenabled()
    assert gc.get_freeze_count() >= len(kept)
    assert not any(isinstance(each, Cycle) for each in gc.get_objects())


def test_garbage_that_comes_later_is_collected():
    with without_collections():
        pass
    Cycle()

    assert gc.collect() >= 1


def test_an_error_within_does_not_end_all_collecting():
    with pytest.raises(ImportError), without_collections():
        raise ImportError

    assert gc.isenabled()


def test_who_does_without_a_collector_still_does():
    gc.disable()

    with without_collections():
        pass

    assert not gc.isenabled()
