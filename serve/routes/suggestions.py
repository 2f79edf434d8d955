"""Questions to begin with."""

from __future__ import annotations

from itertools import islice
from typing import Annotated

from fastapi import APIRouter, Query

from retrieval.topics import read_topics
from serve.routes.parts import BackendPart, CallerPart, EnginePart
from serve.schemas import MAX_SCOPE_ITEMS, Id, SuggestionList, SuggestionOut
from serve.scope import scope_of
from serve.suggestions import SuggestionLanguage, suggestions

router = APIRouter(prefix="/api/v1", tags=["chat"])


_TRIED = 3
"""Topics for each question that is wanted: not every one makes a question that is answered."""


@router.get("/suggestions")
def list_some(
    backend: BackendPart,
    caller: CallerPart,
    engine: EnginePart,
    collections: Annotated[list[Id] | None, Query(max_length=MAX_SCOPE_ITEMS)] = None,
    language: SuggestionLanguage = "en",
    limit: Annotated[int, Query(ge=1, le=12)] = 4,
) -> SuggestionList:
    """Questions that the latest documents in sight answer."""
    with backend.database.read() as connection:
        scope = scope_of(connection, caller, collections or ())
        topics = read_topics(connection, scope, _TRIED * limit)
    found = suggestions(topics, language, lambda query: engine.retriever.retrieve(query, scope, 8))
    shown = [SuggestionOut.model_validate(each) for each in islice(found, limit)]
    return SuggestionList(items=shown)
