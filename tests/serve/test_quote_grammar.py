from __future__ import annotations

import json
import random
import re
from collections.abc import Iterator

from hypothesis import given, settings
from hypothesis import strategies as st

from serve.answers.citations import Abstention, Quote, QuoteParser, verified
from serve.answers.llm import Source
from serve.answers.prompt import neutral
from serve.answers.quote_grammar import quote_grammar
from serve.answers.wording import tokens

LEASE = Source(
    1,
    "lease.pdf",
    "3",
    "The notice period is three months. The rent is 3 500 euros, due monthly. Notice is given in "
    "writing, by letter or by electronic mail, to the last address that the other party has named, "
    "and it counts from the day on which it has arrived there, whatever it says itself.",
)
NOTES = Source(
    12, "notes", "", 'Say "yes" \\ or <q s="1">no</q>.\nSee [INST] and exam-\nples\f. 。'
)
CHINESE = Source(3, "合同", "", "通知期间为三个月。" + "租金每月到期，以欧元支付，" * 12 + "完。")

_LEXEME = re.compile(
    r"""\s*(?:(?P<literal>"(?:\\.|[^"\\])*")|(?P<letters>\[(?:\\.|[^\]\\])+\])
    |(?P<name>[a-z][a-z0-9-]*)|(?P<times>[?]|\{\d+,\d+\})|(?P<mark>[|()]))""",
    re.VERBOSE,
)
_LETTERS = "aZ é\n\t\"'<>[]_.,;:3月\\/"


class Sampler:
    """Writes what a grammar allows, by chance: as much of GBNF as ours needs."""

    def __init__(self, grammar: str, chance: random.Random) -> None:
        self._rules = dict(line.split(" ::= ", 1) for line in grammar.splitlines())
        self._chance = chance

    def write(self, rule: str = "root") -> str:
        """One of the texts of a rule."""
        lexemes = list(_LEXEME.finditer(self._rules[rule]))
        assert "".join(m.group() for m in lexemes) == self._rules[rule]
        alternatives: list[list[re.Match[str]]] = [[]]
        for match in lexemes:
            if match["mark"] == "|":
                alternatives.append([])
            else:
                alternatives[-1].append(match)
        return "".join(self._sequence(self._chance.choice(alternatives)))

    def _sequence(self, lexemes: list[re.Match[str]]) -> Iterator[str]:
        for match, after in zip(lexemes, [*lexemes[1:], None], strict=True):
            if match["times"]:
                continue
            for _ in range(self._times(after["times"] if after else None)):
                yield self._one(match)

    def _times(self, written: str | None) -> int:
        if written is None:
            return 1
        if written == "?":
            return self._chance.randint(0, 1)
        least, most = map(int, written.strip("{}").split(","))
        return self._chance.randint(least, min(most, least + 8))

    def _one(self, match: re.Match[str]) -> str:
        if match["literal"]:
            return str(json.loads(match["literal"]))
        if match["name"]:
            return self.write(match["name"])
        inside = re.compile(match["letters"].replace("[^<>[", r"[^<>\["))
        return self._chance.choice([letter for letter in _LETTERS if inside.fullmatch(letter)])


def parts_of(written: str) -> list[str | Quote | Abstention]:
    parser = QuoteParser()
    return [*parser.feed(written), *parser.close()]


def bodies(grammar: str) -> list[str]:
    """All that a grammar lets a model quote."""
    rules = re.findall(r"^body-\d+ ::= (.*)$", grammar, re.MULTILINE)
    return [json.loads(m[0]) for rule in rules for m in re.finditer(r'"(?:\\.|[^"\\])*"', rule)]


_CONTROL = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f]")
_PIECES = st.sampled_from(
    [
        *(
            "the",
            "Rent",
            "three",
            "3",
            "500",
            "3,500",
            "-5",
            "2½",
            "l’accord",
            "can't",
            "exam-\nple",
        ),
        *(
            "«",
            "»",
            '"',
            "\\",
            "\\n",
            ",",
            ".",
            "! The",
            "…",
            "[3]",
            "–",
            "- ",
            "(",
            ")",
            "%",
            "a. b",
        ),
        *(
            "三",
            "月。",
            "ไทย",
            "нет",
            "e\u0301",
            "\u00ad",
            "\u200b",
            "\n",
            "\f",
            "\x1b",
            "😀",
            "℃",
            "¯",
        ),
        *(
            "<|eot_id|>",
            "<q s='1'>",
            "</q>",
            "<",
            "[INST]",
            "word " * 30,
            "clause, " * 20,
            "x" * 40,
        ),
    ]
)
_TEXTS = st.one_of(
    st.lists(st.tuples(_PIECES, st.sampled_from(["", " ", "\n"])), max_size=20).map(
        lambda pairs: "".join(piece + space for piece, space in pairs)
    ),
    st.text(max_size=80),
)


@given(st.lists(_TEXTS, max_size=4), st.randoms(use_true_random=False))
@settings(deadline=None, max_examples=200)
def test_all_that_can_be_written_verifies(texts: list[str], chance: random.Random) -> None:
    sources = tuple(Source(n, "", "", text) for n, text in enumerate(texts, start=1))
    sampler = Sampler(quote_grammar(sources, neutral), chance)
    for _ in range(3):
        parts = parts_of(sampler.write())
        quotes = [part for part in parts if isinstance(part, Quote)]
        assert quotes or parts == [Abstention()]
        for quote in quotes:
            found = verified(quote, sources)
            assert found is not None, quote
            assert found.verdict == "exact"


# A control character is quoted as a space, beside which a word may be another.
@given(_TEXTS.filter(lambda text: not _CONTROL.search(text)))
@settings(deadline=None, max_examples=200)
def test_every_word_can_be_quoted(text: str) -> None:
    quotable = bodies(quote_grammar([Source(1, "", "", text)]))
    held = {token.form for body in quotable for token in tokens(body)}
    assert {token.form for token in tokens(text) if token.is_word} <= held


def test_sentences_are_quoted_whole_and_long_ones_in_clauses() -> None:
    assert bodies(quote_grammar([LEASE])) == [
        "The notice period is three months.",
        "The rent is 3 500 euros, due monthly.",
        "Notice is given in writing, by letter or by electronic mail, to the last address that the "
        "other party has named,",
        "and it counts from the day on which it has arrived there, whatever it says itself.",
    ]
    chinese = bodies(quote_grammar([CHINESE]))
    assert chinese[0] == "通知期间为三个月。"
    assert all(body.endswith(("，", "。")) and len(body) <= 90 for body in chinese)


def test_texts_stand_as_the_prompt_shows_them() -> None:
    assert bodies(quote_grammar([NOTES], neutral)) == [
        'Say "yes" \\ or ＜q s="1">no＜/q>.',
        "See ［INST] and exam-\nples",
    ]


def test_it_is_written_as_the_engines_read_it() -> None:
    assert quote_grammar([Source(2, "", "", 'Say "yes".')], most_sentences=3) == (
        'root ::= "NO_ANSWER" | sentence{1,3}\n'
        'sentence ::= claim quotes "."?\n'
        "claim ::= [ \\n]? [^<>[\\]\\t\\r\\n .,;:_] [^<>[\\]\\t\\r\\n_]{1,400}\n"
        'quotes ::= quote | quote " " quotes\n'
        "quote ::= quote-2\n"
        'quote-2 ::= "<q s=\\"2\\">" body-2 "</q>"\n'
        'body-2 ::= "Say \\"yes\\"."\n'
    )


def test_without_words_to_quote_it_can_only_abstain() -> None:
    assert quote_grammar([]) == 'root ::= "NO_ANSWER"\n'
    assert quote_grammar([Source(1, "", "", "— … —")]) == 'root ::= "NO_ANSWER"\n'


def test_it_is_about_as_long_as_its_sources() -> None:
    sources = [Source(n, "", "", LEASE.text.replace("three", f"{n}")) for n in range(1, 101)]
    assert len(quote_grammar(sources)) < 1.5 * sum(len(source.text) for source in sources)
