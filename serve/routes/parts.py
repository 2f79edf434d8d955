"""What routes take from the app and the request."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import Depends, Path, Query, Request
from pydantic import BeforeValidator

from serve.backend import Backend
from serve.caller import Caller
from serve.errors import InvalidRequest, NotReady
from serve.people.errors import NotAllowed, NotSignedIn
from serve.request_turns import without_turn
from serve.revocation import Watch
from serve.schemas import LARGEST_ID
from serve.searching import Engine

READY_SECONDS = 60.0

_LONGEST_ID = len(str(LARGEST_ID))


def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


BackendPart = Annotated[Backend, Depends(_backend)]


def _id_or_none_of_ours(text: object) -> int:
    """The id in a path; for what cannot be one, an id that no row has: it finds as little."""
    given = str(text)
    is_id = given.isascii() and given.isdigit() and len(given) <= _LONGEST_ID
    return int(given) if is_id and 0 < int(given) <= LARGEST_ID else LARGEST_ID


IdPath = Annotated[int, Path(ge=1, le=LARGEST_ID), BeforeValidator(_id_or_none_of_ours)]


def _caller(request: Request) -> Caller:
    """Who was found to ask, before any route ran."""
    caller = getattr(request.state, "caller", None)
    if not isinstance(caller, Caller):
        raise NotSignedIn("Sign in first.")
    return caller


CallerPart = Annotated[Caller, Depends(_caller)]


def _watch(backend: BackendPart, caller: CallerPart) -> Watch:
    return Watch(backend.database, caller)


WatchPart = Annotated[Watch, Depends(_watch)]


def _person_id(caller: CallerPart) -> int:
    if caller.person_id is None:
        raise NotAllowed("The operator is no account.", advice="Sign in as a person.")
    return caller.person_id


PersonIdPart = Annotated[int, Depends(_person_id)]


async def _engine(backend: BackendPart) -> Engine:
    """The engine, once it is loaded."""
    if backend.searching.engine.done():
        return backend.searching.engine.result()
    loading = asyncio.wrap_future(backend.searching.engine)
    try:
        async with without_turn():
            return await asyncio.wait_for(asyncio.shield(loading), READY_SECONDS)
    except TimeoutError:
        raise NotReady(
            "The server is still loading its embedder. " + backend.searching.trouble,
            advice="Try again in a moment.",
        ) from None


EnginePart = Annotated[Engine, Depends(_engine)]


def _cursor(cursor: Annotated[str, Query(max_length=19)] = "") -> int:
    if not cursor:
        return 0
    if not (cursor.isascii() and cursor.isdigit()) or int(cursor) > LARGEST_ID:
        raise InvalidRequest(f"The cursor {cursor!r} is none of ours.")
    return int(cursor)


CursorPart = Annotated[int, Depends(_cursor)]
LimitPart = Annotated[int, Query(ge=1, le=1_000)]
