"""An answer or a download under way ends where its reader may no longer have it."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import aclosing, closing
from dataclasses import dataclass
from typing import TypeVar

from sqlalchemy import Connection, func, select

from retrieval.database import Database
from retrieval.schema import documents
from retrieval.store import among, inside
from serve.answers.events import Event, Failed, Retrieved
from serve.answers.inquiry import Inquiry
from serve.audit.answers import documents_of
from serve.caller import Caller
from serve.people.errors import AccessRevoked, NotAllowed, NotSignedIn
from serve.people.holding import check_still, check_still_administrator
from serve.scope import whole_scope

T = TypeVar("T")

_LOOK_SECONDS = 0.5
_MOST_AHEAD = 16
"""Events that may wait for who does not take them."""


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks after what a reader is being sent, by one short read of the database at a time."""

    database: Database
    caller: Caller
    seconds: float = _LOOK_SECONDS

    def check(self, document_ids: list[int]) -> None:
        """Refuse who may no longer read on.

        Raises:
            AccessRevoked: The session, key or account has ended, or a document is out of reach.
        """
        with self.database.read() as connection:
            _check(connection, self.caller, document_ids)

    def check_administrator(self) -> None:
        """Refuse who may no longer read what is for administrators.

        Raises:
            AccessRevoked: The session, key or account has ended, or administers nothing any more.
        """
        with self.database.read() as connection:
            try:
                check_still_administrator(connection, self.caller)
            except (NotSignedIn, NotAllowed):
                raise _ended() from None

    def while_allowed(
        self, pieces: Generator[T, None, None], check: Callable[[], None]
    ) -> Generator[T, None, None]:
        """The same pieces of a download, checked again and again while they are taken.

        Raises:
            AccessRevoked: They may no longer be read; the download breaks off there.
        """
        due = time.monotonic() + self.seconds
        with closing(pieces):
            for piece in pieces:
                if time.monotonic() >= due:
                    check()
                    due = time.monotonic() + self.seconds
                yield piece

    async def until_revoked(
        self, events: AsyncGenerator[Event, None], inquiry: Inquiry
    ) -> AsyncGenerator[Event, None]:
        """The same events as long as they may be read; else ``Failed`` is the last of them.

        What writes the answer is stopped then, even while it is silent.
        """
        sources: list[int] = []
        due = time.monotonic() + self.seconds
        async with aclosing(_pumped(events, lambda: due - time.monotonic())) as pumped:
            async for event in pumped:
                if isinstance(event, Retrieved):
                    # They were found by the rights of when the question was asked.
                    sources, due = documents_of(event, inquiry), 0.0
                if time.monotonic() >= due:
                    try:
                        await asyncio.to_thread(self.check, sources)
                    except AccessRevoked as error:
                        yield Failed.by(error)
                        return
                    due = time.monotonic() + self.seconds
                if event is not None:
                    yield event


def _check(connection: Connection, caller: Caller, document_ids: list[int]) -> None:
    try:
        check_still(connection, caller)
    except NotSignedIn:
        raise _ended() from None
    if not document_ids:
        return
    scope = whole_scope(connection, caller)
    readable = connection.scalar(
        select(func.count())
        .select_from(documents)
        .where(among(documents.c.id, document_ids), inside(scope))
    )
    if readable != len(document_ids):
        raise AccessRevoked(
            "You may not read on: a document that the answer draws on is not there for you "
            "any more.",
            advice="Ask again.",
        )


def _ended() -> AccessRevoked:
    return AccessRevoked(
        "You may not read on: the session or key does not hold any more.",
        advice="Sign in again.",
    )


async def _pumped(
    events: AsyncGenerator[Event, None], patience: Callable[[], float]
) -> AsyncGenerator[Event | None, None]:
    """The events as they come, and None whenever none has come for as long as the patience was.

    They are drawn in one task of their own, which ends with this generator.
    """
    coming: asyncio.Queue[Event | None] = asyncio.Queue(_MOST_AHEAD)
    drawing = asyncio.create_task(_drawn(events, coming))
    try:
        while True:
            try:
                async with asyncio.timeout(max(0.0, patience())):
                    event = await coming.get()
            except TimeoutError:
                if drawing.done() and coming.empty():
                    break
                yield None
                continue
            if event is None:
                break
            yield event
        await drawing
    finally:
        drawing.cancel()
        await asyncio.wait({drawing})
        if not drawing.cancelled():
            drawing.exception()


async def _drawn(events: AsyncGenerator[Event, None], coming: asyncio.Queue[Event | None]) -> None:
    try:
        async with aclosing(events):
            async for event in events:
                await coming.put(event)
    except Exception:
        await coming.put(None)
        raise
    else:
        await coming.put(None)
