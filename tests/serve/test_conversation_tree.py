"""Any order of asking, editing, answering again, switching and deleting, against a small model."""

from __future__ import annotations

import tempfile
from collections.abc import Callable

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule

from retrieval.database import Database
from serve.caller import OPERATOR
from serve.conversations.past_turns import past_turns
from serve.conversations.store import delete_conversation, get_conversation, show_branch, tree_of
from tests.fixtures.answers import NOTICE, Archive

Turn = tuple[int, int]
"""A conversation and a turn of it."""


class Conversations(RuleBasedStateMachine):
    """Keeps, beside the database, the parent of each turn and the leaf of each conversation."""

    conversations = Bundle("conversations")
    turns = Bundle("turns")

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.archive = Archive(Database(f"sqlite:///{self.folder.name}/cloister.db"))
        self.archive.database.migrate()
        self.archive.document("lease.pdf", NOTICE)
        self.parents: dict[int, dict[int, int | None]] = {}
        self.leaves: dict[int, int | None] = {}
        self.answered: set[int] = set()

    def teardown(self) -> None:
        self.archive.database.close()
        self.folder.cleanup()

    @rule(target=conversations)
    def begin(self) -> int:
        made = self.archive.conversation()
        self.parents[made], self.leaves[made] = {}, None
        return made

    @rule(target=turns, conversation=conversations, has_answer=st.booleans())
    def ask(self, conversation: int, has_answer: bool) -> Turn:
        if conversation not in self.parents:
            return conversation, 0
        parent = self.leaves[conversation]
        turn = self.archive.asked(conversation, "What?")
        if has_answer:
            self.archive.finished(turn, self.archive.quoting(NOTICE))
            self.answered.add(turn)
        return self._added(conversation, turn, parent)

    @rule(target=turns, after=turns)
    def ask_after(self, after: Turn) -> Turn:
        return self._made(after, lambda c, t: self.archive.asked(c, "And?", t), after[1])

    @rule(target=turns, turn=turns, otherwise=st.booleans())
    def beside(self, turn: Turn, otherwise: bool) -> Turn:
        parent = self.parents.get(turn[0], {}).get(turn[1])
        question = "Otherwise?" if otherwise else None
        return self._made(turn, lambda _, t: self.archive.beside(t, question), parent)

    def _made(self, at: Turn, make: Callable[[int, int], int], parent: int | None) -> Turn:
        conversation, turn = at
        if turn not in self.parents.get(conversation, {}):
            return at
        return self._added(conversation, make(conversation, turn), parent)

    def _added(self, conversation: int, turn: int, parent: int | None) -> Turn:
        self.parents[conversation][turn] = parent
        self.leaves[conversation] = turn
        return conversation, turn

    @rule(turn=turns)
    def switch(self, turn: Turn) -> None:
        conversation, shown = turn
        if shown not in self.parents.get(conversation, {}):
            return
        with self.archive.database.write() as connection:
            show_branch(connection, OPERATOR, conversation, shown)
        while below := [t for t, p in self.parents[conversation].items() if p == shown]:
            shown = max(below)
        self.leaves[conversation] = shown

    @rule(conversation=consumes(conversations))
    def delete(self, conversation: int) -> None:
        with self.archive.database.write() as connection:
            delete_conversation(connection, OPERATOR, conversation)
        del self.parents[conversation], self.leaves[conversation]

    @invariant()
    def agrees(self) -> None:
        scope = self.archive.scope
        with self.archive.database.read() as connection:
            for conversation, parents in self.parents.items():
                tree = tree_of(connection, OPERATOR, conversation)
                assert tree.parents == parents
                leaf = self.leaves[conversation]
                assert get_conversation(connection, OPERATOR, conversation).leaf_id == leaf
                path = tree.path(leaf)
                pairs = zip([None, *path], path, strict=False)
                assert all(parents[turn] == before for before, turn in pairs)
                for turn in parents:
                    family = [t for t in parents if parents[t] == parents[turn]]
                    assert tree.siblings(turn) == sorted(family)
                past = past_turns(connection, OPERATOR, conversation, leaf, scope)
                assert len(past) == min(20, sum(turn in self.answered for turn in path))


Conversations.TestCase.settings = settings(max_examples=15, stateful_step_count=12, deadline=None)
TestConversations = Conversations.TestCase
