"""The prompt of a stored answer, made again from what it was made of.

Only its hash is kept, so that no passage outlives its document there.
"""

from __future__ import annotations

from collections.abc import Sequence

from sqlalchemy import Connection

from retrieval.errors import NotFound
from retrieval.retriever import Retrieval
from retrieval.types import Scope
from serve.answers.answerer import assignment_of
from serve.answers.inquiry import Inquiry
from serve.answers.prompt import Room, prompt_of
from serve.caller import Caller
from serve.conversations.continuing import begun_by, begun_sources
from serve.conversations.history import StoredTurn, read_turn
from serve.conversations.past_turns import PastSource, past_turns
from serve.conversations.turn_outcome import prompt_sha256
from serve.inference.completion import Message
from serve.scope import scope_of, whole_scope


def past_prompt(
    connection: Connection, caller: Caller, turn: StoredTurn, sources: Sequence[PastSource]
) -> tuple[Message, ...] | None:
    """The very messages that a model answered, as the hash of them shows.

    None where no model answered, where anything that they held may not be seen any more, and
    where an earlier release worded them otherwise.
    """
    if turn.report is None or turn.closed:
        return None
    try:
        scope = scope_of(connection, caller, turn.asked.collections, turn.asked.documents)
    except NotFound:
        return None
    numbered = {each.n: each.stored for each in sources if each.stored}
    if len(numbered) < len(sources):
        return None
    inquiry = _inquiry(connection, caller, turn, scope)
    room = Room(sum(not each.left_out for each in sources), fresh=turn.opens_window)
    messages = prompt_of(assignment_of(inquiry, _retrieval(turn), numbered), room).messages
    return messages if prompt_sha256(messages) == turn.report.prompt_sha256 else None


def _inquiry(connection: Connection, caller: Caller, turn: StoredTurn, scope: Scope) -> Inquiry:
    begun = begun_sources(connection, turn.asked.continues, scope)
    past = past_turns(connection, caller, turn.conversation_id, turn.parent_id, scope, begun)
    return Inquiry(turn.question, scope, past=past, begun=_begun(connection, caller, turn))


def _begun(connection: Connection, caller: Caller, turn: StoredTurn) -> str:
    continued = turn.asked.continues
    if continued is None:
        return ""
    return begun_by(read_turn(connection, caller, continued, whole_scope(connection, caller)))


def _retrieval(turn: StoredTurn) -> Retrieval:
    return Retrieval(
        query=turn.question,
        language=turn.language,
        covered=False,
        terms=(),
        indexed_chunks=0,
        hits=(),
    )
