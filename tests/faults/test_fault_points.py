"""Killed at each named point, the program loses nothing and shows nothing half."""

from __future__ import annotations

import signal
from pathlib import Path

import pytest

from retrieval.faults import POINTS
from tests.faults.driver import Expectation, Order, acknowledged, begun_after, start
from tests.faults.site import running
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
    expected = Expectation({}).after(done, begun_after(ORDERS, done))
    expected.check(assert_settles(tmp_path))
    expected = expected.after([Order("add", "last", 1), Order("delete", "first")], None)
    with running(tmp_path) as site:
        site.add("last", 1)
        site.delete("first")
    expected.check(assert_settles(tmp_path))
