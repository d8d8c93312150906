"""How long a request may take, with all its tries."""

from types import SimpleNamespace

import pytest
import urllib3

from modules.distribution.pods.answers import OutageError, ask


def test_no_try_may_take_longer_than_is_left_for_all_of_them():
    limits = []

    def break_off(*, _request_timeout: float) -> None:
        limits.append(_request_timeout)
        raise urllib3.exceptions.ProtocolError("cut off")

    with pytest.raises(OutageError, match=r"does not answer: cut off$") as fault:
        ask(break_off, seconds=1.5)

    assert fault.value.may_pass
    assert limits[0] == 1.5
    assert limits == sorted(limits, reverse=True)
    assert limits[-1] > 0


def test_one_try_does_not_use_up_the_time_of_all():
    limits = []

    def answer(*, _request_timeout: float) -> SimpleNamespace:
        limits.append(_request_timeout)
        return SimpleNamespace(data=b"{}")

    assert ask(answer) == b"{}"
    assert limits == [30]
