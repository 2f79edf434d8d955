"""Killed at each named point, the program loses nothing and shows nothing half."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from retrieval.faults import POINTS
from tests.faults.driver import Expectation, Order, acknowledged, begun_after, start
from tests.faults.sound import assert_settles, assert_sound

ORDERS = (
    Order("add", "first", 1),
    Order("add", "second", 1),
    Order("settle"),
    Order("add", "first", 2),
    Order("settle"),
    Order("delete", "second"),
    Order("add", "third", 1),
    Order("settle"),
)


@pytest.mark.parametrize("point", POINTS)
def test_killed_at_a_point(tmp_path: Path, point: str) -> None:
    process, pipe = start(tmp_path, ORDERS, point)
    done = acknowledged(pipe)
    process.join()
    assert process.exitcode == -signal.SIGKILL, "the point was not reached"
    assert_sound(tmp_path)
    begun = begun_after(ORDERS, done)
    expected = Expectation({}).after(done, begun)
    expected.check(assert_settles(tmp_path))
    assert_the_work_can_be_finished(tmp_path)


def assert_the_work_can_be_finished(folder: Path) -> None:
    process, pipe = start(folder, ORDERS)
    done = acknowledged(pipe)
    process.join()
    assert process.exitcode == 0
    assert len(done) == len(ORDERS)
    Expectation({}).after(done, None).check(assert_settles(folder))
