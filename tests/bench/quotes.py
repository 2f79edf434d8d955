"""Fuzzed quotes: how many are accepted that stand in no source, how many true ones are lost.

Quotes are taken from paragraphs of the open sets and changed; each that is accepted is judged again
by ``tests.bench.quote_oracle``, which has nothing in common with the matcher but Unicode.
"""

from __future__ import annotations

import json
import random
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from serve.answers.citations import Quote, verified
from serve.answers.llm import Source
from tests.bench.options import Options
from tests.bench.quote_oracle import is_true
from tests.bench.tables import print_table

_SETS = {
    "en": "squad2-dev-open.json",
    "fr": "piaf-open.json",
    "de": "xquad.de.json",
    "es": "xquad.es.json",
}
_SOURCES = 8
_NUMBERS = {
    "en": "two three four five six seven eight nine ten twelve twenty hundred first second third",
    "fr": "deux trois quatre cinq six sept huit neuf dix douze vingt cent premier second troisième",
    "de": "zwei drei vier fünf sechs sieben acht neun zehn zwölf zwanzig hundert erste dritte",
    "es": "dos tres cuatro cinco seis siete ocho nueve diez doce veinte cien primero tercero",
}
_NEGATIONS = {
    "en": "not never no without",
    "fr": "pas jamais aucun sans",
    "de": "nicht nie kein ohne",
    "es": "no nunca ningún sin",
}
_COUNTED = ("tried", "exact", "relinked", "approximate", "false")


@dataclass(frozen=True, slots=True)
class _Quoted:
    """A true quote, and what can be mixed into it."""

    words: list[str]
    language: str
    strangers: list[str]
    """Words of another paragraph, in their order."""
    chance: random.Random

    def replaced(self, fits: Callable[[str], object], other: Callable[[str], str]) -> str | None:
        """The quote with one fitting word exchanged."""
        places = [i for i, word in enumerate(self.words) if fits(word)]
        if not places:
            return None
        words = list(self.words)
        place = self.chance.choice(places)
        words[place] = other(words[place])
        return " ".join(words)

    def inserted(self, other: str) -> str:
        """The quote with one word more inside."""
        place = self.chance.randint(1, len(self.words) - 1)
        return " ".join([*self.words[:place], other, *self.words[place:]])


def _another_digit(quoted: _Quoted) -> str | None:
    def other(word: str) -> str:
        place = quoted.chance.choice([i for i, c in enumerate(word) if c.isdigit()])
        digit = quoted.chance.choice([d for d in "0123456789" if d != word[place]])
        return word[:place] + digit + word[place + 1 :]

    return quoted.replaced(re.compile(r"[0-9]").search, other)


def _digit_dropped(quoted: _Quoted) -> str | None:
    return quoted.replaced(
        re.compile(r"[0-9]{2}").search, lambda word: re.sub(r"[0-9][.,]?", "", word, count=1)
    )


def _another_number_word(quoted: _Quoted) -> str | None:
    numbers = _NUMBERS[quoted.language].split()
    return quoted.replaced(
        lambda word: word.lower() in numbers,
        lambda word: quoted.chance.choice([n for n in numbers if n != word.lower()]),
    )


def _another_name(quoted: _Quoted) -> str | None:
    names = [word for word in quoted.strangers if word[:1].isupper() and word.isalpha()]
    if not names:
        return None
    return quoted.replaced(
        lambda word: word[:1].isupper() and word.isalpha(), lambda _: quoted.chance.choice(names)
    )


def _negation_put_in(quoted: _Quoted) -> str:
    return quoted.inserted(quoted.chance.choice(_NEGATIONS[quoted.language].split()))


def _negation_left_out(quoted: _Quoted) -> str | None:
    negations = [*_NEGATIONS[quoted.language].split(), "ne", "keine", "nor", "ni"]
    return quoted.replaced(lambda word: word.lower() in negations, lambda _: "")


def _words_swapped(quoted: _Quoted) -> str:
    words = list(quoted.words)
    place = quoted.chance.randrange(len(words) - 1)
    words[place], words[place + 1] = words[place + 1], words[place]
    return " ".join(words)


def _word_left_out(quoted: _Quoted) -> str:
    place = quoted.chance.randint(1, len(quoted.words) - 2)
    return " ".join(quoted.words[:place] + quoted.words[place + 1 :])


def _word_put_in(quoted: _Quoted) -> str:
    return quoted.inserted(quoted.chance.choice(quoted.strangers))


def _another_word(quoted: _Quoted) -> str | None:
    return quoted.replaced(lambda word: True, lambda _: quoted.chance.choice(quoted.strangers))


def _word_cut(quoted: _Quoted) -> str:
    words = list(quoted.words)
    words[0], words[-1] = words[0][1:] or words[0], words[-1][:-2] or words[-1]
    return " ".join(words)


def _two_merged(quoted: _Quoted) -> str:
    half = len(quoted.words) // 2
    return " ".join(quoted.words[:half] + quoted.strangers[: len(quoted.words) - half])


def _two_merged_by_an_ellipsis(quoted: _Quoted) -> str:
    half = len(quoted.words) // 2
    joint = quoted.chance.choice(["...", "[...]", "…"])
    return " ".join([*quoted.words[half:], joint, *quoted.words[:half]])


def _of_no_source(quoted: _Quoted) -> str:
    return " ".join(quoted.strangers[: len(quoted.words)])


def _typing_error(quoted: _Quoted) -> str | None:
    def other(word: str) -> str:
        place = quoted.chance.randrange(len(word) - 1)
        return word[:place] + word[place + 1] + word[place] + word[place + 2 :]

    return quoted.replaced(lambda word: len(word) > 3, other)


_HARMFUL: Mapping[str, Callable[[_Quoted], str | None]] = {
    "another digit": _another_digit,
    "a digit dropped": _digit_dropped,
    "another number word": _another_number_word,
    "another name": _another_name,
    "a negation put in": _negation_put_in,
    "a negation left out": _negation_left_out,
    "two words swapped": _words_swapped,
    "a word left out": _word_left_out,
    "a word put in": _word_put_in,
    "another word": _another_word,
    "first and last word cut": _word_cut,
    "two letters swapped": _typing_error,
    "merged with another document": _two_merged,
    "halves swapped around an ellipsis": _two_merged_by_an_ellipsis,
    "from a document that was not given": _of_no_source,
}

_HARMLESS: Mapping[str, Callable[[str], str]] = {
    "as it stands": str,
    "curly quotation marks": lambda text: re.sub(r'"([^"]*)"', r"“\1”", text.replace("'", "’")),
    "straight quotation marks": lambda text: re.sub("[’‘]", "'", re.sub("[“”„«»]", '"', text)),
    "no-break spaces": lambda text: text.replace(" ", "\xa0"),
    "thin space before French marks": lambda text: re.sub(
        r"(?<=\w)([;:!?])(?!\w)", "\u202f\\1", text
    ),
    "ligatures": lambda text: text.replace("ffi", "ﬃ").replace("fi", "ﬁ").replace("fl", "ﬂ"),
    "capitals": str.upper,
    "a small letter at the start": lambda text: text[:1].lower() + text[1:],
    "soft hyphens": lambda text: re.sub(r"(?<=[a-z]{3})(?=[a-z]{2})", "\xad", text),
    "zero-width spaces": lambda text: re.sub(r"(?<=\w)(?=\W)", "\u200b", text),
    "line breaks": lambda text: re.sub(r" (?!\d)", "\n", text),
    "accents apart": lambda text: unicodedata.normalize("NFD", text),
    "dashes": lambda text: text.replace("–", "-").replace("—", "--"),
    "a full stop more": lambda text: text.rstrip(".") + ".",
    "dots around": lambda text: f"... {text} ...",
}


def run(options: Options) -> None:
    """Print the figures over all sets."""
    chance = random.Random(7)
    each = 25 if options.quick else 400
    quotes = [
        quoted
        for language, file in _SETS.items()
        for quoted in _quotes(options.data / file, language, each, chance)
    ]
    print_table(
        "Changed quotes: what is accepted must still be true",
        ["change", *_COUNTED],
        _harmful_rows(quotes),
    )
    print_table(
        "True quotes in another typography, which must not be lost",
        ["change", "tried", "lost"],
        _harmless_rows(quotes),
    )


def _quotes(
    path: Path, language: str, count: int, chance: random.Random
) -> Iterator[tuple[_Quoted, tuple[Source, ...]]]:
    articles = json.loads(path.read_text(encoding="utf-8"))["data"]
    texts = [part["context"] for article in articles for part in article["paragraphs"]]
    for _ in range(count):
        *given, stranger = chance.sample(texts, _SOURCES + 1)
        sources = tuple(Source(n, "", "", text) for n, text in enumerate(given, start=1))
        words = given[0].split()
        length = min(chance.randint(4, 25), len(words))
        start = chance.randint(0, len(words) - length)
        if _parts_a_number(words, start) or _parts_a_number(words, start + length):
            continue
        yield _Quoted(words[start : start + length], language, stranger.split(), chance), sources


def _parts_a_number(words: Sequence[str], place: int) -> bool:
    """Whether a quote that begins or ends there parts "3 500"."""
    around = words[max(0, place - 1) : place + 1]
    return len(around) == 2 and around[0][-1].isdigit() and around[1][0].isdigit()


def _harmful_rows(quotes: Sequence[tuple[_Quoted, tuple[Source, ...]]]) -> list[list[str]]:
    counts: dict[str, Counter[str]] = {name: Counter() for name in _HARMFUL}
    for quoted, sources in quotes:
        for name, change in _HARMFUL.items():
            changed = change(quoted)
            if changed is None or changed.split() == quoted.words:
                continue
            found = verified(Quote(1, changed), sources)
            verdict = found.verdict if found else ""
            counts[name].update(["tried", verdict])
            counts[name]["false"] += found is not None and not is_true(changed, found)
    counts["all"] = sum(counts.values(), Counter())
    return [[name, *(str(count[key]) for key in _COUNTED)] for name, count in counts.items()]


def _harmless_rows(quotes: Sequence[tuple[_Quoted, tuple[Source, ...]]]) -> list[list[str]]:
    lost: Counter[str] = Counter()
    for quoted, sources in quotes:
        for name, change in _HARMLESS.items():
            found = verified(Quote(1, change(" ".join(quoted.words))), sources)
            lost[name] += found is None or found.verdict != "exact"
    return [[name, str(len(quotes)), str(lost[name])] for name in _HARMLESS]
