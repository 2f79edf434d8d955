"""Which documents an answer shows, recorded before it shows them."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from typing import Any

from serve.answers.events import Cited, Done, Event, Failed, Retrieved
from serve.answers.inquiry import Inquiry
from serve.audit.acts import Act
from serve.audit.journal import Journal


async def recorded_answer(
    events: AsyncGenerator[Event, None], inquiry: Inquiry, journal: Journal
) -> AsyncGenerator[Event, None]:
    """The same events: the sources pass once they are recorded, and the end once all is.

    Raises:
        AuditUnavailable: Nothing can be recorded any more.
    """
    supplied: list[int] = []
    quoted: set[int] = set()
    outcome = "interrupted"
    try:
        async with aclosing(events):
            async for event in events:
                match event:
                    case Retrieved():
                        supplied = documents_of(event, inquiry)
                        await journal.recorded(Act.SOURCES_READ, documents=supplied)
                    case Cited():
                        quoted.add(event.citation.document_id)
                    case Done() | Failed():
                        outcome = event.code if isinstance(event, Failed) else _outcome(event)
                        told = _told(supplied, quoted, outcome)
                        outcome = ""
                        await journal.recorded(Act.ANSWERED, **told)
                yield event
    finally:
        if outcome:
            journal.submit(Act.ANSWERED, **_told(supplied, quoted, outcome))


def documents_of(found: Retrieved, inquiry: Inquiry) -> list[int]:
    """The documents that an answer draws on: those found, and those of what was said before."""
    past = {stored.document_id for turn in inquiry.past for stored in turn.sources.values()}
    hits = [*inquiry.begun_sources.values(), *found.hits]
    return sorted(past | {hit.stored.document_id for hit in hits})


def _outcome(done: Done) -> str:
    return "abstained" if done.abstained else "answered"


def _told(supplied: Sequence[int], quoted: set[int], outcome: str) -> dict[str, Any]:
    return {"supplied": list(supplied), "quoted": sorted(quoted), "outcome": outcome}
