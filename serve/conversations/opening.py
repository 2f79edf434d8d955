"""Conversations opened for a caller, recorded with the documents that they quote."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from retrieval.database import Database
from serve.answers.events import Citation
from serve.audit.acts import Act
from serve.audit.journal import Journal
from serve.caller import Caller
from serve.conversations.history import StoredTurn, read_turns
from serve.conversations.store import Conversation, get_conversation, tree_of
from serve.conversations.turn_tree import TurnTree
from serve.scope import whole_scope


@dataclass(frozen=True, slots=True)
class Opened:
    """A conversation with all of its turns, as the caller may see them."""

    conversation: Conversation
    tree: TurnTree
    turns: Mapping[int, StoredTurn]


@dataclass(frozen=True, slots=True)
class Reading:
    """Who reads, where, and where that is recorded."""

    database: Database
    journal: Journal
    caller: Caller

    def opened(self, conversation_id: int, act: Act = Act.CONVERSATION_OPENED) -> Opened:
        """A conversation, once it is recorded that the caller reads it."""
        caller = self.caller
        with self.database.read() as connection:
            opened = Opened(
                conversation=get_conversation(connection, caller, conversation_id),
                tree=tree_of(connection, caller, conversation_id),
                turns=read_turns(
                    connection, caller, conversation_id, whole_scope(connection, caller)
                ),
            )
        read = documents_quoted(opened.turns.values())
        self.journal.record(act, f"conversation:{conversation_id}", documents=read)
        return opened


def documents_quoted(turns: Iterable[StoredTurn]) -> list[int]:
    """The documents that answers quote, of those that may be seen."""
    cited = (each for turn in turns for each in turn.citations)
    return sorted({each.document_id for each in cited if isinstance(each, Citation)})
