from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from serve.answers.citations import Quote, verified
from serve.answers.llm import Source
from serve.answers.prompt import neutral
from serve.answers.quote_match import exact_span, is_telling, nearly_span
from serve.answers.wording import tokens

LEASE = (
    "The notice period of this lease[3] is three months, to the end of a quarter; it costs "
    "3 500 euros and isn't due. Then (see above) the tenant pays 1,250.50 euros, or -5 %."
)


def exactly(quote: str, text: str) -> str | None:
    span = exact_span(quote, text)
    return None if span is None else text[span.start : span.end]


def nearly(quote: str, text: str) -> str | None:
    span = nearly_span(quote, text)
    return None if span is None else text[span.start : span.end]


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("the landlord's consent", "With the Landlord’s consent"),
        ('the "premises" are let', "The “premises” are let"),
        ('the "premises" are let', "The « premises » are let"),
        ("Le préavis : trois mois !", "Le préavis\u202f: trois mois\xa0!"),
        ("Le préavis: trois mois!", "Le préavis\xa0: trois mois\u202f!"),
        ("the first office of finance", "the ﬁrst oﬃce of ﬁnance"),
        ("an œuvre and a coeur", "an oeuvre and a cœur"),
        ("from 1990-1995 on", "from 1990–1995 on"),
        ("from 1990 - 1995 on", "from 1990–1995 on"),
        ("months -- not years", "months — not years"),
        ("and so on...", "and so on…"),
        ("and so on. . . then", "and so on… then"),
        ("an example given", "an exam-\nple given"),
        ("an example given", "an exam\xad\nple given"),
        ("an example given", "an ex\xadam\u200bple given"),
        ("a well-known case", "a well-\n known case"),
        ("Vor- und Nachteile", "Vor-\nund Nachteile"),
        ("an exam-\nple given", "an exam-\nple given"),
        ("the end of the line", "the end\n   of\tthe\r\nline"),
        ("ALL THE RENT", "all the rent"),
        ("die Straße", "DIE STRASSE"),
        ("café crème", "cafe\u0301 cre\u0300me"),
        ("costs 5 % of it", "costs 5% of it"),
        ("costs 3 500 €", "costs 3\u202f500 €"),
        ("area of 20 m2", "area of 20 m²"),
        ("( see above )", "(see above)"),
        ("通知期间为三个月", "合同的通知期间为三个月。"),
        ("ｆｕｌｌ ｗｉｄｔｈ", "full width"),
        ("... the rent is due", "Here the rent is due"),
        ("the rent is due.", "the rent is due monthly"),
        ('"the rent is due"', "the rent is due monthly"),
        ("**The rent is due**", "The rent is due monthly"),
        ("***The rent is due.***", "The rent is due. Monthly"),
        ("_The rent is due_", "The rent is due monthly"),
        ('"*The rent is due monthly*."', "The rent is due monthly"),
    ],
)
def test_typography_makes_no_difference(quote: str, text: str) -> None:
    assert exactly(quote, text) is not None


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("art of the deal", "party of the deal"),
        ("the part", "the party"),
        ("500 euros", "3 500 euros"),
        ("500 euros", "3,500 euros"),
        ("5 euros", "3.5 euros"),
        ("5 degrees", "-5 degrees"),
        ("5 degrees", ".5 degrees"),
        ("102 euros", "10² euros"),
        ("21/2 years", "2½ years"),
        ("3,500 euros", "3, 500 euros"),
        ("refundable deposit", "a non-refundable deposit"),
        ("the rent is non", "the rent is non-refundable"),
        ("the tenant can", "the tenant can't"),
        ("three months", "twenty-three months"),
        ("the re-sign", "the resign"),
        ("100 m", "100 m²"),
        ("ete", "été"),
        ("c is", "5 ℃ is"),
        ("", "text"),
        (". ...", "end. ..."),
    ],
)
def test_what_is_no_quotation_is_not_found(quote: str, text: str) -> None:
    assert exactly(quote, text) is None
    assert nearly(quote, text) is None


@pytest.mark.parametrize(
    ("quote", "found"),
    [
        (
            "The notice period of this lease is three months",
            "The notice period of this lease[3] is three months",
        ),
        (
            "notice period of this lease is three months to the end of the quarter",
            "notice period of this lease[3] is three months, to the end of a quarter",
        ),
        (
            "isn't due; then, see above, the tenant pays",
            "isn't due. Then (see above) the tenant pays",
        ),
        (
            "The notice period ... is three months",
            "The notice period of this lease[3] is three months",
        ),
        (
            "is three months [...] to the end [...] it costs 3 500 euros",
            "is three months, to the end of a quarter; it costs 3 500 euros",
        ),
        (
            "**The notice period** of *this lease[3]* is __three months__",
            "The notice period of this lease[3] is three months",
        ),
        ("it costs **3 500 euros** and isn't *due*", "it costs 3 500 euros and isn't due"),
        ("**the tenant pays**, 1,250.50 euros", "the tenant pays 1,250.50 euros"),
        (
            "**is three months** [...] *to the end*",
            "is three months, to the end",
        ),
    ],
)
def test_small_differences_are_nearly_a_quotation(quote: str, found: str) -> None:
    assert exactly(quote, LEASE) is None
    assert nearly(quote, LEASE) == found


@pytest.mark.parametrize(
    "quote",
    [
        "The notice period of this lease is two months, to the end of a quarter",
        "The notice period of this lease is 3 months, to the end of a quarter",
        "The notice period of this lease[4] is three months, to the end of a quarter",
        "The notice period of this lease is not three months, to the end of a quarter",
        "The notice period of this contract is three months, to the end of a quarter",
        "The notice period of this lease is three months to the start of a quarter",
        "it costs 3 500 euros and is due. Then (see above) the tenant pays",
        "it costs 3 500 euros and ... due",
        "it costs 3 500 euros ... the tenant pays",
        "the tenant pays ... The notice period",
        "The notice ... quarter",
        "the tenant pays 1,250.50 euros or 5 %",
        "the tenant pays 1 250.50 euros, or -5 %",
        "the tenant pays 1,250.50 dollars",
        "The notice period of this **lease[4]** is three months, to the end of a quarter",
        "The notice period of **this lease** is two months, to the end of a quarter",
        "it costs 3 *500 euros* and isn't due",
    ],
)
def test_what_may_change_the_meaning_is_refused(quote: str) -> None:
    assert exactly(quote, LEASE) is None
    assert nearly(quote, LEASE) is None


_LEAVE = "manager may approve leave of more than ten days in writing"
_PAID = "a pour chaque salarié un montant de 300 euros"


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        (f"The {_LEAVE}", f"No {_LEAVE}"),
        (f"The {_LEAVE}", f"Never ... {_LEAVE}"),
        (f"The {_LEAVE}", f"the non-{_LEAVE}"),
        (f"Cette prime {_PAID}", f"Aucune prime {_PAID}"),
        (f"La prime {_PAID} par an", f"La prime {_PAID} par mois"),
        (f"La prime {_PAID} par an", f"La prime {_PAID} par"),
        (f"La prime {_PAID} par an", f"La prime {_PAID} par % an"),
        (f"La prime {_PAID} par la", f"La prime {_PAID} par l'"),
        (f"If a {_LEAVE} to group A", f"If a {_LEAVE} to group C"),
        (f"If a {_LEAVE} to a", f"If a {_LEAVE} to a-1"),
        (f"If the group {_LEAVE}", f"If the group A {_LEAVE}"),
        (
            "Der Vermieter kündigt mit einer Frist von drei Monaten eine Erhöhung an, so dass",
            "Der Vermieter kündigt mit einer Frist von drei Monaten eine Erhöhung, so dass",
        ),
    ],
)
def test_nothing_else_passes_for_an_article(quote: str, text: str) -> None:
    assert exactly(quote, text) is None
    assert nearly(quote, text) is None


@pytest.mark.parametrize(
    ("quote", "text", "found"),
    [
        (f"The {_LEAVE}", f"If a {_LEAVE}.", f"a {_LEAVE}"),
        (f"The {_LEAVE}", f"Leave. {_LEAVE}.", _LEAVE),
        (f"The {_LEAVE}", f"- {_LEAVE}.", _LEAVE),
        (f"The {_LEAVE}", f'So this "{_LEAVE}".', f'this "{_LEAVE}'),
        (f"To an employee the {_LEAVE}", f"To the employee a {_LEAVE}", None),
        (f"If an {_LEAVE} if due", f"If the {_LEAVE}, if due.", f"If the {_LEAVE}, if due"),
        (
            f"La prime, {_PAID} par an",
            f"La prime {_PAID}[2] par\nan.",
            f"La prime {_PAID}[2] par\nan",
        ),
        (f"A {_LEAVE} (group A)", f"The {_LEAVE}: group A.", f"The {_LEAVE}: group A"),
    ],
)
def test_articles_at_the_edges_belong_to_the_place(
    quote: str, text: str, found: str | None
) -> None:
    assert exactly(quote, text) is None
    assert nearly(quote, text) == found


@pytest.mark.parametrize(
    ("quote", "text"),
    [
        ("El préstamo es ... de tres meses", "El préstamo es nunca más de tres meses"),
        ("Der Vertrag endet ... im Mai", "Der Vertrag endet nicht im Mai"),
        ("Il contratto ... finisce a maggio", "Il contratto non finisce a maggio"),
        ("O contrato ... termina em maio", "O contrato não termina em maio"),
        ("Le bail ... finit en mai", "Le bail jamais ne finit en mai"),
        ("Договор кончается ... в мае", "Договор кончается не в мае"),
        ("The tenant may leave ... in May", "The tenant may leave unless it is due in May"),
    ],
)
def test_an_ellipsis_hides_no_negation(quote: str, text: str) -> None:
    assert nearly(quote, text) is None


def test_whole_sentences_may_be_left_out() -> None:
    text = "The lease ends in May. It cannot be renewed. The deposit is returned."
    assert nearly("The lease ends in May. [...] The deposit is returned", text) == text[:-1]
    assert nearly("The lease ends ... The deposit is returned", text) is None
    far = "The lease ends in May. " + "Nothing happens then. " * 20 + "The deposit is returned."
    assert nearly("The lease ends in May. ... The deposit is returned.", far) is None


def test_few_letters_tell_little() -> None:
    assert is_telling("three months")
    assert not is_telling("months")
    assert not is_telling("is it")


def test_a_sentence_of_the_prompt_is_found_in_its_source() -> None:
    text = 'Write <|eot_id|>, <｜User｜> or [INST] after <q s="1">[ARGS]</q>, then </src> and <s>.'
    source = Source(1, "notes", "1", text)
    found = verified(Quote(1, neutral(text)), (source,))
    assert neutral(text) != text
    assert found is not None
    assert (found.verdict, found.span.start, found.span.end) == ("exact", 0, len(text))


_PIECES = st.sampled_from(
    [
        *("the", "rent", "three", "3", "500", "3,500", "1.5", "-5", "2½", "m²", "art", "party"),
        *("exam-\nple", "well-known", "l’accord", "can't", "ﬁne", "œuvre", "Straße", "n°", "℃"),
        *("«", "»", "“", ",", ".", "…", "...", "[3]", "¹", "–", "—", "- ", "(", ")", "%", "€"),
        *("三", "月", "ไทย", "нет", "é", "e\u0301", "\u00ad", "\u200b", "\u00a0", "\n", "*", "'"),
    ]
)
_TEXTS = st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", "  ", "\n"])), max_size=14).map(
    lambda pairs: "".join(piece + space for piece, space in pairs)
)


def forms(text: str) -> list[str]:
    """The wording of a text, a hyphen at a line's end belonging to its word."""
    return " ".join(token.form for token in tokens(text)).replace("\0", " - ").split()


@given(st.one_of(_TEXTS, st.text(max_size=60)), st.data())
@settings(deadline=None, max_examples=300)
def test_a_place_found_has_the_wording_of_the_quote(text: str, data: st.DataObject) -> None:
    start = data.draw(st.integers(0, len(text)))
    quote = data.draw(
        st.one_of(st.just(text[start : data.draw(st.integers(start, len(text)))]), _TEXTS)
    )
    found = exactly(quote, text)
    if found is not None:
        outer = "\"',.;:!?...*_\1\2"
        joined, said = "".join(forms(found)), "".join(forms(quote))
        assert joined.replace("-", "").strip(outer) == said.replace("-", "").strip(outer)
        assert exactly(found, text) is not None


@given(st.one_of(_TEXTS, st.text(max_size=60)))
@settings(deadline=None, max_examples=300)
def test_a_text_quotes_itself(text: str) -> None:
    held = tokens(text)
    if any(token.is_word for token in held):
        span = exact_span(text, text)
        assert span is not None
        assert (span.start, span.end) == (held[0].start, held[-1].end)


_HARMLESS = [
    lambda text: text.replace("'", "’"),
    lambda text: text.replace(" ", "\xa0"),
    lambda text: text.replace("fi", "ﬁ").replace("ff", "ﬀ"),
    str.upper,
    lambda text: re.sub(r"(?<=[a-z]{3})(?=[a-z]{3})", "\xad", text),
    lambda text: re.sub(r" (?!\d)", "\n", text.replace("-", "‑")),
    lambda text: unicodedata.normalize("NFD", text),
    lambda text: "“" + text + "”…",
    lambda text: "**" + text + "**",
]


@given(st.lists(st.sampled_from(LEASE.split()), min_size=2, max_size=12), st.data())
def test_harmless_changes_lose_no_quote(words: list[str], data: st.DataObject) -> None:
    quote = "the " + " ".join(words)
    for change in data.draw(st.lists(st.sampled_from(_HARMLESS), max_size=4)):
        quote = change(quote)
    text = "He said: the " + " ".join(words) + " and left."
    assert exactly(quote, text) is not None


@given(st.integers(0, 30), st.integers(3, 12), st.data())
@settings(deadline=None, max_examples=300)
def test_another_word_is_never_taken_for_the_same(
    start: int, length: int, data: st.DataObject
) -> None:
    words = LEASE.split()
    said = words[start : start + length]
    place = data.draw(st.integers(0, max(0, len(said) - 1)))
    other = data.draw(st.sampled_from(["not", "four", "7", "Anna", "always", "owner", "3 600"]))
    if not said:
        return
    said[place : place + data.draw(st.integers(0, 1))] = [other]
    assert exactly(" ".join(said), LEASE) is None
    assert nearly(" ".join(said), LEASE) is None


_EDGES = ["the", "A", "an", "this", "la", "les", "cette", "el", "il", "gli"]


@given(st.integers(0, 20), st.sampled_from(_EDGES), st.booleans())
@settings(deadline=None, max_examples=300)
def test_another_word_is_never_taken_for_an_article_at_an_edge(
    start: int, article: str, begins: bool
) -> None:
    said = LEASE.split()[start : start + 15]
    for other in ("No", "aucune", "month", "C", "group", "Never ..."):
        quoted, there = ([article, *said], [other, *said])
        if not begins:
            quoted, there = ([*said, article], [*said, other])
        assert exactly(" ".join(quoted), " ".join(there)) is None
        assert nearly(" ".join(quoted), " ".join(there)) is None
