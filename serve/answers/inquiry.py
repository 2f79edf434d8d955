"""A question as it comes to be answered, with the conversation before it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from retrieval.types import Hit, Scope, StoredChunk


@dataclass(frozen=True, slots=True)
class PastTurn:
    """An earlier question of the conversation, and how it was answered.

    ``sources`` are its passages by their numbers; ``shown`` are the numbers of those that its
    prompt showed, best first (all of them where no model wrote). ``opens_window`` as in
    ``serve.answers.llm.Turn``.
    """

    question: str
    language: str
    written: str
    sources: Mapping[int, StoredChunk]
    shown: tuple[int, ...]
    opens_window: bool = False


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A question, the scope that its asker may see, and the conversation before it, if any.

    ``first_free`` is the first number that none of its passages ever had before the question.
    ``asker`` is the person who waits for the model in their turn, None the operator.
    ``begun`` is what there is of its answer already, in the quote protocol, and ``begun_sources``
    are the passages by whose numbers it quotes.
    ``language`` names the language to answer in, or is empty: then it is that of the question.
    ``model`` names another model than the configured one, or is empty. ``request_id`` goes with all
    that is asked of inference servers.
    """

    question: str
    scope: Scope
    k: int = 8
    past: tuple[PastTurn, ...] = ()
    first_free: int = 1
    begun: str = ""
    begun_sources: Mapping[int, Hit] = field(default_factory=dict)
    language: str = ""
    model: str = ""
    request_id: str = ""
    asker: int | None = None
