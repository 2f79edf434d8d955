"""Old answers that draw on documents which their reader may not see any more.

Their own words may be those of the document, so nothing of them is shown, searched, or handed to a
model again. Where a document was deleted, only its quotes are gone for those who could see it until
then; to all others the answer stays closed.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, exists, not_, or_

from retrieval.schema import documents, turn_documents, turns
from retrieval.store import inside
from retrieval.types import Scope


def draws_on_closed(scope: Scope) -> ColumnElement[bool]:
    """Whether a row of ``turns`` has an answer that draws on a document closed to its reader.

    That is one outside of the scope, or one that was when it was deleted.
    """
    is_outside = exists().where(documents.c.id == turn_documents.c.document_id, not_(inside(scope)))
    of_turn = exists().where(
        turn_documents.c.turn_id == turns.c.id,
        or_(turn_documents.c.closed, is_outside.correlate(turn_documents)),
    )
    return of_turn.correlate(turns)
