from __future__ import annotations

import pytest

from retrieval.topics import names_in


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("The garden was laid out by Brother Anselm in 1147.", ["Brother Anselm"]),
        ("Except on the feast of Saint Benedict, all may enter.", ["Saint Benedict"]),
        ("Il a saisi le Conseil d'État, puis la Cour.", ["Conseil d'État"]),
        ("Il a saisi la Cour de Cassation.", ["Cour de Cassation"]),
        ("Brother Anselm dug a well.", []),
        ("They met in Paris. Nobody came.", []),
        ("It is kept by Anselm, Benedict and Clara.", []),
    ],
)  # fmt: skip
def test_names_stand_inside_sentences_and_have_two_words(text: str, names: list[str]) -> None:
    assert list(names_in(text)) == names
