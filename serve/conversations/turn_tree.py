"""The tree of a conversation: which turn follows which."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class TurnTree:
    """Turns by id with the turn that each follows, None for a first one."""

    parents: dict[int, int | None]
    children: dict[int | None, list[int]]

    @classmethod
    def of(cls, pairs: Iterable[tuple[int, int | None]]) -> TurnTree:
        """The tree of (turn, turn before it), oldest first."""
        parents: dict[int, int | None] = {}
        children: defaultdict[int | None, list[int]] = defaultdict(list)
        for turn, parent in pairs:
            parents[turn] = parent
            children[parent].append(turn)
        return cls(parents, dict(children))

    def path(self, turn: int | None) -> list[int]:
        """The turns from a first one to this one; none for None."""
        path: list[int] = []
        while turn is not None:
            path.append(turn)
            turn = self.parents[turn]
        return path[::-1]

    def siblings(self, turn: int) -> list[int]:
        """The turns that follow the same turn as this one, itself among them, oldest first."""
        return self.children[self.parents[turn]]

    def newest_below(self, turn: int) -> int:
        """The end of the branch through this turn that always takes the newest turn."""
        while turn in self.children:
            turn = self.children[turn][-1]
        return turn
