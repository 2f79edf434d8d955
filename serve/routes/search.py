"""Search: passages for words."""

from __future__ import annotations

from fastapi import APIRouter

from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.schemas import SearchBody, SearchOut
from serve.scope import scope_of
from serve.shapes import hit_out

router = APIRouter(prefix="/api/v1", tags=["search"])


@router.post("/search")
def search(
    backend: BackendPart, caller: CallerPart, engine: EnginePart, body: SearchBody
) -> SearchOut:
    """The best passages for a query."""
    with backend.database.read() as connection:
        scope = scope_of(connection, caller, body.collections, body.documents)
    found = engine.search(body.query, scope, body.k)
    return SearchOut(items=[hit_out(hit) for hit in found.hits], language=found.language)
