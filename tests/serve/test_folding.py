from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from serve.conversations.folding import folded


@pytest.mark.parametrize(
    ("text", "plain"),
    [
        ("Préavis ÉTÉ çà", "preavis ete ca"),
        ("Cœur\n d’Œuvre", "coeur d'oeuvre"),
        ("Straße  GROSS", "strasse gross"),
        ("ŁÓDŹ Ærø", "lodz aero"),
        ("ＡＢＣ ﬁn", "abc fin"),
        ("İstanbul", "istanbul"),
        ("日本語 テスト", "日本語 テスト"),
        ("", ""),
    ],
)
def test_what_nobody_types_is_left_out(text: str, plain: str) -> None:
    assert folded(text) == plain


@given(st.text())
def test_folding_twice_changes_nothing(text: str) -> None:
    assert folded(folded(text)) == folded(text)


@given(st.text(), st.text())
def test_words_are_folded_one_by_one(text: str, more: str) -> None:
    assert folded(f"{text} {more}") == " ".join([*folded(text).split(), *folded(more).split()])
