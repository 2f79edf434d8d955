"""A process that does what it is told to a data folder, and is killed at it."""

from __future__ import annotations

import os
import signal
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Literal

from retrieval.faults import arm
from tests.faults.site import Site, running, text_of


@dataclass(frozen=True, slots=True)
class Order:
    """Something to do to a document, or to wait until all documents are in."""

    kind: Literal["add", "delete", "settle"]
    name: str = ""
    version: int = 0


def start(folder: Path, orders: Sequence[Order], point: str = "") -> tuple[BaseProcess, Pipe]:
    """A child at work on the orders, and the pipe on which it acknowledges each."""
    # From a server that has imported everything, so that fifty starts take no minutes; the
    # children share nothing else with it.
    context = get_context("forkserver")
    context.set_forkserver_preload(["tests.faults.preloaded"])
    ours, theirs = context.Pipe(duplex=False)
    process = context.Process(target=_work, args=(folder, orders, point, theirs))
    process.start()
    theirs.close()
    return process, ours


def _work(folder: Path, orders: Sequence[Order], point: str, pipe: Pipe) -> None:
    os.setsid()
    if point:
        arm(point)
    with running(folder) as site:
        for order in orders:
            _carry_out(order, site)
            pipe.send(order)


def _carry_out(order: Order, site: Site) -> None:
    match order.kind:
        case "add":
            site.add(order.name, order.version)
        case "delete":
            site.delete(order.name)
        case "settle":
            site.settle()


def acknowledged(pipe: Pipe) -> list[Order]:
    """What the child has acknowledged until it ended."""
    orders: list[Order] = []
    with suppress(EOFError):
        while True:
            orders.append(pipe.recv())
    return orders


def kill(process: BaseProcess) -> None:
    """Kill the child and whatever it started."""
    assert process.pid is not None
    with suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.kill()  # where it leads no group yet
    process.join()


@dataclass(frozen=True, slots=True)
class Expectation:
    """The content, as SHA-256, that each name may have; None stands for no document."""

    allowed: dict[str, frozenset[str | None]]

    def after(self, done: Sequence[Order], begun: Order | None) -> Expectation:
        """The same after orders that were acknowledged and one that may or may not have worked."""
        allowed = dict(self.allowed)
        for order in done:
            if order.kind != "settle":
                allowed[order.name] = frozenset({_outcome(order)})
        if begun is not None and begun.kind != "settle":
            before = allowed.get(begun.name, frozenset({None}))
            allowed[begun.name] = before | {_outcome(begun)}
        return Expectation(allowed)

    def check(self, visible: dict[str, str]) -> None:
        """Fail unless the visible documents are among the allowed ones."""
        for name, contents in self.allowed.items():
            assert visible.get(name) in contents, name
        assert set(visible) <= set(self.allowed)


def _outcome(order: Order) -> str | None:
    if order.kind == "delete":
        return None
    return sha256(text_of(order.name, order.version).encode()).hexdigest()


def begun_after(orders: Sequence[Order], done: Sequence[Order]) -> Order | None:
    """The order that was under way when the child ended."""
    return orders[len(done)] if len(done) < len(orders) else None
