"""The conversation before a question, for whoever answers it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Connection, func, select

from retrieval.contents import read_chunks
from retrieval.schema import turn_sources
from retrieval.store import among
from retrieval.types import Hit, Scope, StoredChunk
from serve.answers.inquiry import PastTurn
from serve.caller import Caller
from serve.conversations.history import StoredTurn, read_turns
from serve.conversations.store import tree_of
from serve.conversations.turns import TurnState

_MOST = 20
_STEP = 10
"""Old turns are left out so many at a time, so that the beginning of a prompt stays the same."""


@dataclass(frozen=True, slots=True)
class PastSource:
    """A passage that was found for a turn; ``stored`` is None where it may not be seen any more.

    ``n`` is its number in the conversation; one that is ``left_out`` was not shown to the model.
    """

    n: int
    chunk_id: int
    score: float
    left_out: bool
    stored: StoredChunk | None


def past_turns(
    connection: Connection,
    caller: Caller,
    conversation_id: int,
    turn_id: int | None,
    scope: Scope,
    begun: Mapping[int, Hit] | None = None,
) -> tuple[PastTurn, ...]:
    """The turns that a question after ``turn_id`` continues, read again under the scope.

    Turns without an answer are left out. Where a document of a turn is gone or outside of the
    scope, that turn and all before it are: their words may be the document's. So are those up to
    one in which a number means another passage than it does later, or in the answer so far, whose
    passages are ``begun``.
    """
    path = tree_of(connection, caller, conversation_id).path(turn_id)
    known = read_turns(connection, caller, conversation_id, scope)
    sources = _sources(connection, path, scope)
    kept: list[StoredTurn] = []
    meant = {n: hit.stored.id for n, hit in (begun or {}).items()}
    for turn in reversed([known[each] for each in path]):
        if turn.state is TurnState.ANSWERING or not turn.text:
            continue
        if not turn.complete or any(each.stored is None for each in sources[turn.id]):
            break
        numbers = {each.n: each.chunk_id for each in sources[turn.id]}
        if any(meant.get(n, chunk_id) != chunk_id for n, chunk_id in numbers.items()):
            break
        meant |= numbers
        kept.append(turn)
    return _continued(_window(kept[::-1]), sources)


def first_free_number(
    connection: Connection, caller: Caller, conversation_id: int, turn_id: int | None
) -> int:
    """The number of the next new passage after ``turn_id``, whoever may see those before it."""
    path = tree_of(connection, caller, conversation_id).path(turn_id)
    greatest = select(func.max(turn_sources.c.n)).where(among(turn_sources.c.turn_id, path))
    return 1 + (connection.scalar(greatest) or 0)


def read_sources(connection: Connection, turn_id: int, scope: Scope) -> list[PastSource]:
    """The passages that were found for a turn, best first."""
    return _sources(connection, [turn_id], scope)[turn_id]


def _window(kept: Sequence[StoredTurn]) -> Sequence[StoredTurn]:
    if len(kept) <= _MOST:
        return kept
    return kept[-(-(len(kept) - _MOST) // _STEP) * _STEP :]


def _continued(
    kept: Sequence[StoredTurn], sources: Mapping[int, Sequence[PastSource]]
) -> tuple[PastTurn, ...]:
    """The turns with their passages; each is shown once, in the first turn that has it."""
    seen: set[int] = set()
    continued: list[PastTurn] = []
    for turn in kept:
        if turn.opens_window:
            seen = set()
        shown = [n for each in sources[turn.id] if not each.left_out and (n := each.n) not in seen]
        seen |= set(shown)
        continued.append(
            PastTurn(
                question=turn.question,
                language=turn.language,
                written=turn.written,
                sources={each.n: each.stored for each in sources[turn.id] if each.stored},
                shown=tuple(shown),
                opens_window=turn.opens_window,
            )
        )
    return tuple(continued)


def _sources(
    connection: Connection, turn_ids: Sequence[int], scope: Scope
) -> dict[int, list[PastSource]]:
    """The passages of each turn, best first."""
    rows = connection.execute(
        select(turn_sources)
        .where(among(turn_sources.c.turn_id, turn_ids))
        .order_by(turn_sources.c.score.desc(), turn_sources.c.chunk_id)
    ).all()
    chunks = read_chunks(connection, list({row.chunk_id for row in rows}), scope)
    found: dict[int, list[PastSource]] = {turn_id: [] for turn_id in turn_ids}
    for row in rows:
        stored = chunks.get(row.chunk_id)
        found[row.turn_id].append(PastSource(row.n, row.chunk_id, row.score, row.left_out, stored))
    return found
