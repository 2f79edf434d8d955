from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retrieval.types import Span
from serve.answers.citations import Abstention, Quote, QuoteParser, verified
from serve.answers.llm import Source

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


def shown(written: str) -> str:
    """The text that a reader would see if no quote stood anywhere."""
    return "".join(part for part in parsed([written]) if isinstance(part, str))


def test_text_and_quotes_are_told_apart() -> None:
    text = 'Three months. <q s="1">The notice period is three months.</q> More.'
    assert parsed([text]) == [
        "Three months. ",
        Quote(1, "The notice period is three months."),
        " More.",
    ]


_PROTOCOL = st.lists(
    st.sampled_from(
        [
            *(
                '<q s="1">',
                '<q s="12">',
                "<q s=3>",
                "<Q n='4' >",
                '<q s="2,3">',
                "<q>",
                '<q s="5"/>',
            ),
            *("</q>", "</Q >", "<", "<q", '<q s="', "</", "</q", ">", "/", "<s", "</src>", "<src"),
            *('<src n="1" title="a b" page="4">', "NO_ANSWER", "no_answer", "NO_", "ANSWER", "**"),
            *("[3]", "[3, 4]", "【3】", "[", "3", "]", "[^1]", "a", " b ", "é", "\n", "x < y"),
            *("The notice period is three months. ", "x" * 250, "word " * 60, 'title="'),
        ]
    ),
    max_size=14,
).map("".join)


@given(_PROTOCOL, st.data())
@settings(deadline=None, max_examples=500)
def test_the_result_does_not_depend_on_how_the_stream_is_cut(
    text: str, data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(text)), max_size=12)))
    pieces = [text[a:b] for a, b in zip([0, *cuts], [*cuts, len(text)], strict=True)]
    assert parsed(pieces) == parsed([text])
    assert parsed(list(text)) == parsed([text])


@given(_PROTOCOL)
@settings(deadline=None, max_examples=500)
@example("[<q s='1'>x</q>3]")
@example("NO_<src>NO_ANSWERANSWER")
@example('<q<q s="5"/>>')
@example('<q <q s="5"></q>>')
def test_no_tag_and_no_false_mark_is_ever_shown(text: str) -> None:
    seen = shown(text)
    if "NO_" not in text.upper():  # without it, what only begins like a tag may look like one
        assert not re.search(r"</?q\s*>|<q\s+[sn]\s*=|</q\b|</?src\b", seen, re.IGNORECASE)
    assert not re.search(r"\[[\d\s,;^-]*\d[\d\s,;^-]*\]|【\d+】", seen)
    assert "no_answer" not in seen.lower()


def test_text_is_held_back_by_no_more_than_a_tag() -> None:
    parser = QuoteParser()
    assert list(parser.feed("It is three months, and x < y holds")) == [
        "It is three months, and x < y holds"
    ]
    assert list(parser.feed(" then <q s")) == [" then "]


@given(st.text(st.sampled_from('ab <>qs[]3NO_/"='), max_size=400))
def test_nothing_is_held_back_for_long(text: str) -> None:
    parser = QuoteParser()
    seen = sum(len(p) for p in parser.feed(text) if isinstance(p, str))
    rest = sum(len(p) for p in parser.close() if isinstance(p, str))
    if seen and not re.search(r"<\s*/?\s*(q|s)", text):
        assert rest <= 50


@pytest.mark.parametrize(
    "opening",
    [
        *('<q s="3">', "<q s=3>", "<q s='3'>", '<Q s="3">', '<q  s = "3" >', '<q n="3">'),
        *('< q s="3">', "<q s=“3”>", '<q s="3,5">', '<q s="3" page="7">', "<q 3>", '<q s="[3]">'),
    ],
)
def test_models_write_the_tag_in_many_ways(opening: str) -> None:
    assert parsed([f"Yes. {opening}The notice</ q >."]) == ["Yes. ", Quote(3, "The notice"), "."]


def test_a_quote_ends_where_the_next_one_opens() -> None:
    assert parsed(['<q s="1">The notice <q s="2">trois mois</q> so</q>.']) == [
        Quote(1, "The notice "),
        Quote(2, "trois mois"),
        " so.",
    ]


def test_a_tag_without_number_or_words_still_asks_for_a_check() -> None:
    assert parsed(["<q>The notice</q>"]) == [Quote(0, "The notice")]
    assert parsed(['Yes <q s="2"/> and no']) == ["Yes ", Quote(2, ""), " and no"]


def test_echoed_and_broken_tags_are_dropped() -> None:
    assert parsed(['A <src n="1" title="x" page="2">b</src> c</q>.']) == ["A b c."]
    assert parsed(['A <q s="1" b</q> c']) == ["A  b c"]
    assert parsed(["if p <q then"]) == ["if p <q then"]


@pytest.mark.parametrize("tail", ["<q", '<q s="1', "</", "</q", "<src n=", '<src n="1" title="a b'])
def test_a_tag_that_the_end_cuts_off_is_dropped(tail: str) -> None:
    assert shown(f"Yes. {tail}").strip() == "Yes."


def test_a_quote_that_the_end_cuts_off_gives_its_whole_words() -> None:
    assert parsed(['Yes. <q s="1">The notice']) == ["Yes. "]
    assert parsed(['Yes. <q s="1">The notice period is three mon']) == [
        "Yes. ",
        Quote(1, "The notice period is three"),
    ]
    assert parsed(['<q s="1">The notice period is three months.</']) == [
        Quote(1, "The notice period is three months.")
    ]


def test_a_quote_without_end_becomes_text() -> None:
    parts = parsed(['<q s="1">', "one two " * 200, "</q>."])
    assert isinstance(parts[0], Quote)
    assert isinstance(parts[1], str)
    assert len(parts[0].text) <= 1_200
    assert parts[0].text + parts[1] == "one two " * 200 + "."


def test_abstention_counts_only_at_the_start() -> None:
    assert parsed(["\nNO_", "ANSWER", " because"])[0] == Abstention()
    assert parsed(["NO_ANSWER", ' as <q s="1">nothing</q>']) == [Abstention()]
    assert parsed([" **no_answer**"]) == [Abstention()]
    assert parsed(["There is NO_ANSWER"]) == ["There is  "]
    assert parsed(["NO"]) == ["NO"]
    assert parsed(['<q s="1">a</q>NO_ANSWER']) == [Quote(1, "a"), " "]


def test_numbers_in_brackets_do_not_look_like_citations() -> None:
    assert parsed(["So [3], [3, 4] and 【5】[^6]."]) == ["So (3), (3, 4) and (5)(^6)."]
    assert parsed(["[", "1", "2", "] [a] [1999"]) == ["(12) [a] (1999"]
    assert parsed(["[<src n='1'>3]"]) == ["(3)"]


def test_a_quote_is_found_where_it_stands_word_for_word() -> None:
    found = verified(Quote(1, "three months"), _SOURCES)
    assert found is not None
    assert found.source.n == 1
    assert found.span == Span(21, 33)
    assert found.verdict == "exact"


def test_a_quote_from_another_source_is_linked_to_that_one() -> None:
    found = verified(Quote(1, "trois mois"), _SOURCES)
    assert found is not None
    assert found.source.n == 2
    assert found.verdict == "relinked"


def test_words_that_stand_nowhere_are_not_verified() -> None:
    assert verified(Quote(1, "four months"), _SOURCES) is None
    assert verified(Quote(7, "  "), _SOURCES) is None
    assert verified(Quote(1, " . "), _SOURCES) is None


def test_a_word_or_two_must_stand_in_the_source_that_is_named() -> None:
    assert verified(Quote(1, "months"), _SOURCES) is not None
    assert verified(Quote(2, "months"), _SOURCES) is None
    assert verified(Quote(0, "is due"), _SOURCES) is None


def test_nearly_the_words_of_the_named_source_are_marked() -> None:
    written = "The notice period is three months the rent is due monthly"
    found = verified(Quote(1, written), _SOURCES)
    assert found is not None
    assert found.verdict == "approximate"
    assert _SOURCES[0].text[found.span.start : found.span.end] == _SOURCES[0].text[:-1]
    assert verified(Quote(2, written), _SOURCES) is None
