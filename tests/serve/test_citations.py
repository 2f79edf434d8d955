from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.types import Span
from serve.citations import Abstention, Quote, QuoteParser, verified
from serve.llm import Source

_SOURCES = (
    Source(1, "lease.pdf", "3", "The notice period is three months. The rent is due monthly."),
    Source(2, "bail.pdf", "1", "Le préavis est de trois mois."),
)


def parsed(pieces: list[str]) -> list[str | Quote | Abstention]:
    """Everything that a parser gives, with neighbouring texts joined."""
    parser = QuoteParser()
    parts: list[str | Quote | Abstention] = []
    for part in [p for piece in pieces for p in parser.feed(piece)] + list(parser.close()):
        if isinstance(part, str) and parts and isinstance(parts[-1], str):
            parts[-1] += part
        else:
            parts.append(part)
    return parts


def test_text_and_quotes_are_told_apart() -> None:
    text = 'Three months. <q s="1">The notice period is three months.</q> More.'
    assert parsed([text]) == [
        "Three months. ",
        Quote(1, "The notice period is three months."),
        " More.",
    ]


_PROTOCOL = st.lists(
    st.sampled_from(
        ['<q s="1">', '<q s="12">', "</q>", "<", "<q", '<q s="', "NO_ANSWER", "a", " b ", "é", ">"]
    ),
    max_size=12,
).map("".join)


@given(_PROTOCOL, st.data())
@settings(deadline=None)
def test_the_result_does_not_depend_on_how_the_stream_is_cut(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=8)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert parsed(pieces) == parsed([text])


def test_text_is_held_back_by_no_more_than_a_tag() -> None:
    parser = QuoteParser()
    assert list(parser.feed("It is three months, and x < y holds")) == [
        "It is three months, and x < y holds"
    ]
    assert list(parser.feed(" then <q s")) == [" then "]


def test_a_quote_that_is_never_closed_is_text() -> None:
    assert parsed(['Yes. <q s="1">The notice']) == ['Yes. <q s="1">The notice']


def test_abstention_counts_only_at_the_start() -> None:
    assert parsed(["\nNO_", "ANSWER", " because"])[0] == Abstention()
    assert parsed(["NO_ANSWER", ' as <q s="1">nothing</q>']) == [Abstention()]
    assert parsed(["There is NO_ANSWER"]) == ["There is NO_ANSWER"]
    assert parsed(["NO"]) == ["NO"]


def test_a_quote_is_found_where_it_stands_word_for_word() -> None:
    found = verified(Quote(1, "three months"), _SOURCES)
    assert found is not None
    assert found.source.n == 1
    assert found.span == Span(21, 33)


def test_a_quote_from_another_source_is_linked_to_that_one() -> None:
    found = verified(Quote(1, "trois mois"), _SOURCES)
    assert found is not None
    assert found.source.n == 2


def test_words_that_stand_nowhere_are_not_verified() -> None:
    assert verified(Quote(1, "four months"), _SOURCES) is None
    assert verified(Quote(7, "  "), _SOURCES) is None
