from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.sentences import sentence_spans


def split(text: str) -> list[str]:
    return [text[span.start : span.end] for span in sentence_spans(text)]


@pytest.mark.parametrize(
    "sentences",
    [
        # English
        ["Dr. Smith arrived at 5 p.m. on Monday.", "He left early."],
        ["J. R. R. Tolkien wrote it.", "C. S. Lewis read it."],
        ["Pi is 3.14 and e is 2.71.", "Both are irrational."],
        ["See section 4.2 and fig. 3 for details, e.g. the table.", "Then go on."],
        ["Apple Inc. announced it.", "The U.S. Army bought it.", "It was in the U.S.", "The end."],
        ['He said "Stop!" and left.', 'She cried "Why?"', "Nobody knew."],
        ["(It was late.)", "We went home."],
        ["Open https://example.org/a.b?c=d.html now.", "Then close it!"],
        ["Wait... what?", "Really?!", "Yes."],
        ["He hesitated… Then he spoke."[:13], "Then he spoke."],
        ["This is known.[12]", "So is that.[3][4]", "End."],
        ["1. First, do this.", "2. Then do that.", "3. Stop."],
        ["He scored 24.", "Denver won in 2016.", "They were glad."],
        ["No. 5 is alive.", "He said no.", "Then he left."],
        ["Plan B.", "The other plan."],
        # French
        ["M. Dupont et Mme Le Gall sont venus, cf. art. L. 121-1.", "Le préfet (p. ex.) aussi."],
        ["« Bonjour. »", "Il sortit."],
        ["Est-ce vrai ?", "Oui !", "C’est vrai."],
        ["Il habite au no. 5, etc.", "Elle aussi."],
        # German
        ["Am 3. Mai 2020 kam z.B. Herr Dr. Meier.", "Er blieb bis zum 5. Juni."],
        ["Im 19. Jahrhundert war das so.", "Gem. Art. 5 Abs. 2 gilt es."],
        ["„Warum?“ fragte er.", "»Darum!«", "Sie ging."],
        ["Die 2. Liga beginnt.", "Das kostet 15.", "Mehr nicht."],
        # Spanish, Italian, Portuguese, Dutch
        ["Nació en EE. UU. en 1950.", "Murió allí."],
        ["It falls from 599 m to 396 m.", "It flows on."],
        ["¿Qué hora es?", "¡Son las tres!", "El Sr. García lo sabe."],
        ["Il sig. Rossi è qui.", "Va bene, ecc.", "Gli altri no."],
        ["O Sr. Silva chegou.", "Ele saiu às 15h."],
        ["Dhr. de Vries kwam, d.w.z. hij belde.", "Het regende."],
        # Arabic
        ["ما هو القرار؟", "صدر القرار في عام 2020.", "وقال د. محمد إنه نهائي۔", "انتهى."],
        # Words before a new bullet
        ["• One thing.", "• Another thing."],
    ],
)
def test_splits_at_sentence_ends(sentences: list[str]) -> None:
    assert split(" ".join(sentences)) == sentences


@pytest.mark.parametrize(
    "sentences",
    [
        ["今天天气很好。", "我们去公园吧！", "你来吗？", "好的。"],
        ["他说：“你好。”", "然后离开了。"],
        ["彼は「行く。」と言った。", "そして出た。"],
        ["价格是3.14元。", "很便宜!", "真的?", "是。"],
        ["これは終わり．", "次の文．"],
        ["यह पहला वाक्य है।", "यह दूसरा है।"],
    ],
)
def test_splits_without_spaces(sentences: list[str]) -> None:
    assert split("".join(sentences)) == sentences


@pytest.mark.parametrize(
    "text",
    [
        "ภาษาไทยไม่มีจุดจบประโยค แต่มีช่องว่าง",
        "Introduction ............... 5",
        "Introduction . . . . . . . 5",
        "4.2. Methods and Results",
        "IV. Results",
        "Smith vs. Jones, No. 12, pp. 3-4, vol. II",
        "z. B. Wasser",
        "The price (approx. 30 EUR) is final",
    ],
)
def test_keeps_together(text: str) -> None:
    assert split(text) == [text]


def test_line_breaks_end_sentences() -> None:
    assert split("  A title\nFirst line. Second\r\n\n third\u2028x ") == [
        "A title",
        "First line.",
        "Second",
        "third",
        "x",
    ]


@pytest.mark.parametrize("text", ["", " \n\t\u00a0 "])
def test_nothing_in_nothing_out(text: str) -> None:
    assert split(text) == []


_PIECES = st.sampled_from(
    [
        *" .!?…。？؟\n\r\t\u00a0«»\"'”)([]1aAéßم中とก-,;:•",
        "Dr.",
        "z.B.",
        " 3. ",
        "U.S. ",
        " The ",
        "[12]",
    ]
)


@given(st.one_of(st.text(), st.lists(_PIECES).map("".join)))
def test_spans_cover_all_text_once_and_in_order(text: str) -> None:
    end = 0
    for span in sentence_spans(text):
        assert end <= span.start < span.end <= len(text)
        assert not text[end : span.start].strip()
        sentence = text[span.start : span.end]
        assert sentence == sentence.strip()
        assert "\n" not in sentence
        end = span.end
    assert not text[end:].strip()


@pytest.mark.parametrize(
    "unit",
    ["a", ".", ". ", "a. ", "A. ", "1. ", "。", "?", ")", ". )", '."', "(", ".(", " ", "\n", "[1]",
     ".\u00a0»", "« ", "é", "Dr. ", "a.\n"],
)  # fmt: skip
def test_hostile_text_takes_linear_time(unit: str) -> None:
    text = unit * (1_000_000 // len(unit))
    started = time.process_time()
    sentence_spans(text)
    assert time.process_time() - started < 10
