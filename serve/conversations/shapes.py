"""From stored conversations to what goes over the wire."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from serve.answers.events import Citation, QuoteCheck
from serve.answers.schemas import MessageOut, QuoteCheckOut, StruckOut
from serve.answers.shapes import citation_out
from serve.conversations import schemas as wire
from serve.conversations.history import StoredTurn, Withheld
from serve.conversations.past_turns import PastSource
from serve.conversations.store import Conversation
from serve.conversations.turn_tree import TurnTree
from serve.inference.completion import Message
from serve.problems import recorded_problem


def conversation_detail(
    conversation: Conversation, tree: TurnTree, turns: Mapping[int, StoredTurn]
) -> wire.ConversationDetail:
    """A conversation with its shown branch for the wire."""
    branch = [turn_out(turns[each], tree) for each in tree.path(conversation.leaf_id)]
    shown = wire.ConversationOut.model_validate(conversation)
    return wire.ConversationDetail(**dict(shown), turns=branch)


def conversation_export(
    conversation: Conversation, tree: TurnTree, turns: Mapping[int, StoredTurn]
) -> wire.ConversationExport:
    """A conversation with all its turns for the wire."""
    shown = wire.ConversationOut.model_validate(conversation)
    every = [turn_out(turn, tree) for turn in turns.values()]
    return wire.ConversationExport(**dict(shown), turns=every)


def turn_out(turn: StoredTurn, tree: TurnTree) -> wire.TurnOut:
    """A turn for the wire."""
    degraded, failure = turn.degraded, turn.failure
    return wire.TurnOut(
        id=turn.id,
        conversation_id=turn.conversation_id,
        parent_id=turn.parent_id,
        siblings=tree.siblings(turn.id),
        question=turn.question,
        asked=wire.AskedOut.model_validate(turn.asked),
        state=turn.state.value,
        answer=turn.text,
        withheld=not turn.complete,
        closed=turn.closed,
        language=turn.language,
        support=turn.support,
        abstained=turn.abstained,
        grounded=turn.grounded,
        truncated=turn.truncated,
        llm=turn.llm,
        citations=[_citation_out(each) for each in turn.citations],
        struck=[StruckOut.model_validate(each) for each in turn.struck],
        degraded=recorded_problem(degraded.code, degraded.message) if degraded else None,
        error=recorded_problem(failure.code, failure.message) if failure else None,
        feedback=wire.FeedbackOut.model_validate(turn.feedback) if turn.feedback else None,
        created_at=turn.created_at,
        finished_at=turn.finished_at,
    )


def _citation_out(
    citation: Citation | Withheld,
) -> wire.KeptCitationOut | wire.WithheldCitationOut:
    if isinstance(citation, Withheld):
        return wire.WithheldCitationOut(n=citation.n)
    return wire.KeptCitationOut(**dict(citation_out(citation)))


def past_trace_out(
    turn: StoredTurn,
    sources: Sequence[PastSource],
    quotes: Sequence[QuoteCheck],
    prompt: Sequence[Message] | None,
) -> wire.PastTraceOut:
    """How a stored answer came about, for the wire."""
    return wire.PastTraceOut(
        turn_id=turn.id,
        state=turn.state.value,
        llm=turn.llm,
        queries=list(turn.queries),
        support=turn.support,
        sources=[_source_out(each) for each in sources],
        written=turn.written,
        quotes=[QuoteCheckOut.model_validate(each) for each in quotes],
        report=wire.PastReportOut.model_validate(turn.report) if turn.report else None,
        prompt=None if prompt is None else [MessageOut.model_validate(each) for each in prompt],
        opens_window=turn.opens_window,
        retrieved_seconds=turn.retrieved_seconds,
        seconds=turn.seconds,
    )


def _source_out(source: PastSource) -> wire.PastSourceOut:
    stored = source.stored
    known = wire.PastSourceOut(
        n=source.n, score=source.score, left_out=source.left_out, available=stored is not None
    )
    if stored is None:
        return known
    return known.model_copy(
        update={
            "chunk_id": stored.id,
            "document_id": stored.document_id,
            "document_name": stored.document_name,
            "page": stored.chunk.page,
            "page_label": stored.page_label,
        }
    )
