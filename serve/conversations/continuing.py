"""An answer that broke off or ran out of tokens, continued where it ended."""

from __future__ import annotations

from dataclasses import replace

from sqlalchemy import Connection

from retrieval.types import Hit, Scope
from serve.caller import Caller
from serve.conversations.history import StoredTurn, read_turn
from serve.conversations.past_turns import read_sources
from serve.conversations.turns import NewTurn, TurnState
from serve.errors import NothingToContinue
from serve.scope import whole_scope


def turn_continued(connection: Connection, caller: Caller, turn_id: int) -> NewTurn:
    """The same question in the place of a turn, whose answer begins with what there is of it.

    Raises:
        NotFound: There is no such turn.
        NothingToContinue: It is whole, has no text, or may not be seen any more.
    """
    turn = read_turn(connection, caller, turn_id, whole_scope(connection, caller))
    begun = begun_by(turn)
    if not begun:
        raise NothingToContinue(
            "This answer cannot be continued.", advice="Have the question answered again."
        )
    asked = replace(turn.asked, continues=turn.id)
    return NewTurn(turn.conversation_id, turn.parent_id, turn.question, asked, begun)


def begun_by(turn: StoredTurn) -> str:
    """What a turn leaves for another to continue, in the quote protocol; empty if it does not.

    It ends without a space, which would be a token of its own, after which a model stumbles.
    """
    is_partial = turn.truncated or turn.state in (TurnState.INTERRUPTED, TurnState.FAILED)
    is_shown = turn.complete and not turn.closed and not turn.abstained
    return _without_open_quote(turn.written).strip() if is_partial and is_shown else ""


def begun_sources(connection: Connection, turn_id: int | None, scope: Scope) -> dict[int, Hit]:
    """The passages of the turn that is continued, by their numbers, as far as they may be seen."""
    if turn_id is None:
        return {}
    sources = read_sources(connection, turn_id, scope)
    return {each.n: Hit(each.stored, each.score) for each in sources if each.stored}


def _without_open_quote(written: str) -> str:
    """An answer up to its last quote where that was cut off, which is then written anew."""
    last = written.rfind("<q")
    return written[:last] if last >= 0 and "</q>" not in written[last:] else written
