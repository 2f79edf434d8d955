"""Killed fifty times at random moments, in recovery too, the program loses nothing."""

from __future__ import annotations

import os
import random
import time
from pathlib import Path

import pytest

from tests.faults.driver import (
    Expectation,
    Order,
    acknowledged,
    begun_after,
    kill,
    start,
)
from tests.faults.sound import assert_settles, assert_sound

KILLS = 50
ROUNDS = 5
NAMES = [f"document {number}" for number in range(8)]
LONGEST_LIFE = 3.0


def random_orders(chosen: random.Random, version: int) -> list[Order]:
    """More than a child gets done: new documents, new versions, deletions, and some waiting."""
    orders: list[Order] = []
    for number in range(60):
        name = chosen.choice(NAMES)
        match chosen.randrange(10):
            case 0 | 1 | 2:
                orders.append(Order("delete", name))
            case 3:
                orders.append(Order("settle"))
            case _:
                orders.append(Order("add", name, version + number))
    return orders


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_fifty_random_kills(tmp_path: Path) -> None:
    seed = int(os.environ.get("CLOISTER_TEST_SEED") or time.time_ns() % 1_000_000)
    print(f"seed {seed}: repeat with CLOISTER_TEST_SEED={seed}")
    chosen = random.Random(seed)
    expected = Expectation({})
    for number in range(KILLS):
        # A child begins with the recovery of what the one before left, and some die in it.
        life = chosen.choice([0.1, 1.0]) * chosen.uniform(0, LONGEST_LIFE)
        expected = killed_after(tmp_path, life, random_orders(chosen, number * 100), expected)
        if number % ROUNDS == ROUNDS - 1:
            assert_sound(tmp_path)
            expected.check(assert_settles(tmp_path))


def killed_after(
    folder: Path, life: float, orders: list[Order], expected: Expectation
) -> Expectation:
    """What may be there once a child was killed that had ``life`` seconds for the orders."""
    process, pipe = start(folder, orders)
    time.sleep(life)
    kill(process)
    done = acknowledged(pipe)
    return expected.after(done, begun_after(orders, done))
