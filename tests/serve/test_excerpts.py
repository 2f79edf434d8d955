from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from serve.conversations.excerpts import GAP, cut, own_words, restored

QUOTE = "the notice period is three months"


def test_a_quote_is_stored_once_whatever_often_it_is_said() -> None:
    text = f"It says {QUOTE}, and again: {QUOTE}."
    parts = cut(text, ["nothing of the kind here", QUOTE])
    assert parts == ["It says ", (1, len(QUOTE)), ", and again: ", (1, len(QUOTE)), "."]
    assert own_words(parts) == "It says  , and again:  ."
    assert restored(parts, {1: QUOTE}).text == text
    withheld = restored(parts, {})
    assert withheld.text == f"It says {GAP}, and again: {GAP}."
    assert not withheld.complete


def test_a_short_quote_is_the_answers_own_word_outside_of_its_tags() -> None:
    text = 'In May <q s="1">May</q>'
    assert cut(text, ["May"]) == ['In May <q s="1">', (0, 3), "</q>"]
    assert cut("In May [1]", ["May"]) == ["In May [1]"]


def test_the_longer_of_two_quotes_is_cut_out() -> None:
    longer = f"{QUOTE} to the end of a quarter"
    parts = cut(f"So {longer}.", [QUOTE, longer])
    assert parts == ["So ", (1, len(longer)), "."]


def test_offsets_move_with_what_is_left_out() -> None:
    text = f"A {QUOTE}. He climbs. {QUOTE}"
    parts = cut(text, [QUOTE])
    whole, withheld = restored(parts, {0: QUOTE}), restored(parts, {})
    start = text.index("He climbs")
    assert whole.moved(start) == start
    moved = withheld.moved(start)
    assert withheld.text[moved : withheld.moved(start + 9)] == "He climbs"
    assert withheld.moved(len(text)) == len(withheld.text)
    assert withheld.moved(10) <= 2 + len(GAP)


@given(st.text(alphabet="ab <>/q", max_size=200), st.lists(st.text(alphabet="ab ", max_size=40)))
def test_nothing_is_lost(text: str, quotes: list[str]) -> None:
    parts = cut(text, quotes)
    again = restored(parts, dict(enumerate(quotes)))
    assert again.text == text
    assert again.complete
    assert all(again.moved(i) == i for i in range(len(text) + 1))


@given(st.text(alphabet="ab <>/q", max_size=200), st.lists(st.text(alphabet="ab ", max_size=40)))
def test_withheld_offsets_stay_inside_and_in_order(text: str, quotes: list[str]) -> None:
    withheld = restored(cut(text, quotes), {})
    moved = [withheld.moved(i) for i in range(len(text) + 1)]
    assert moved == sorted(moved)
    assert all(0 <= each <= len(withheld.text) for each in moved)
