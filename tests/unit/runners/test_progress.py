"""Signs of life that come again and again, from a thread."""

import threading

import pytest

from components.idx_example_gen.progress import RowProgress
from modules.training.progress import TrainingProgress
from runners.progress import describe_progress, repeated
from support.waiting import DEADLINE_SECONDS


def test_a_call_comes_again_until_the_block_ends():
    calls: list[int] = []
    enough = threading.Event()

    def call() -> None:
        calls.append(1)
        if len(calls) == 3:
            enough.set()

    with repeated(call, seconds=0):
        assert enough.wait(DEADLINE_SECONDS)
    after = len(calls)

    assert "signs-of-life" not in [thread.name for thread in threading.enumerate()]
    assert len(calls) == after


def test_none_comes_before_its_time():
    calls: list[int] = []

    with repeated(lambda: calls.append(1), seconds=DEADLINE_SECONDS):
        pass

    assert calls == []


@pytest.mark.parametrize("error", [BrokenPipeError, ValueError("I/O operation on closed file")])
def test_output_that_is_gone_ends_them_and_nothing_else(
    error: Exception, recwarn: pytest.WarningsRecorder
):
    called = threading.Event()

    def call() -> None:
        called.set()
        raise error

    with repeated(call, seconds=0):
        assert called.wait(DEADLINE_SECONDS)

    assert [each for each in recwarn if "Thread" in str(each.category)] == []


@pytest.mark.parametrize(
    ("rows", "training", "expected"),
    [
        (None, None, "12 s"),
        (RowProgress(1_000, 6_400_000), None, "12 s, 1,000 of 6,400,000 rows"),
        (
            None,
            TrainingProgress(epoch=1, epochs=4, step=20, steps=55),
            "12 s, epoch 1/4, step 20/55",
        ),
    ],
)
def test_what_is_known_is_said(
    rows: RowProgress | None, training: TrainingProgress | None, expected: str
):
    assert describe_progress(12.3, rows, training) == expected
