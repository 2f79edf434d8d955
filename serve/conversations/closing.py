"""Old answers that draw on documents which their reader may not see any more.

Their own words may be those of the document, so nothing of them is shown, searched, or handed to a
model again. Where a document was deleted, only its quotes are gone.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Table, exists, not_, or_

from retrieval.schema import citations, documents, quotes, turn_past_documents, turn_sources, turns
from retrieval.store import inside
from retrieval.types import Scope
from serve.answers.extractive import NAME as EXTRACTIVE


def draws_on_closed(scope: Scope) -> ColumnElement[bool]:
    """Whether a row of ``turns`` has an answer that draws on a document outside of the scope.

    It draws on what it cites or quotes, and one that a model wrote on all that the model was shown,
    the turns before it among that.
    """
    shown = _names_closed(turn_sources, scope, not_(turn_sources.c.left_out))
    return or_(
        _names_closed(citations, scope),
        _names_closed(quotes, scope),
        (turns.c.llm != EXTRACTIVE) & or_(shown, _names_closed(turn_past_documents, scope)),
    )


def _names_closed(table: Table, scope: Scope, *more: ColumnElement[bool]) -> ColumnElement[bool]:
    of_turn = exists().where(
        table.c.turn_id == turns.c.id,
        documents.c.id == table.c.document_id,
        not_(inside(scope)),
        *more,
    )
    return of_turn.correlate(turns)
