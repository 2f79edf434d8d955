"""Requests a minute, counted for each person by a clock of the test's own."""

from __future__ import annotations

import pytest

from serve.errors import TooManyRequests
from serve.request_rate import RequestRate


class Clock:
    now = 1_000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize("most", [1, 7, 60, 3_000])
def test_as_many_as_may_be_pass_at_once_and_the_next_is_refused(most: int) -> None:
    rate = RequestRate(most, Clock())
    for _ in range(most):
        rate.count(1)
    with pytest.raises(TooManyRequests) as refusal:
        rate.count(1)
    assert refusal.value.retry_after == max(1, -(-60 // most))
    rate.count(2)


def test_a_refused_request_is_not_counted_and_time_brings_new_ones() -> None:
    clock = Clock()
    rate = RequestRate(6, clock)
    for _ in range(6):
        rate.count(1)
    for _ in range(20):
        with pytest.raises(TooManyRequests):
            rate.count(1)
    clock.now += 10
    rate.count(1)
    with pytest.raises(TooManyRequests):
        rate.count(1)
    clock.now += 3_600
    for _ in range(6):
        rate.count(1)
    with pytest.raises(TooManyRequests):
        rate.count(1)
