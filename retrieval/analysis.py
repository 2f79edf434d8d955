"""Text to index terms: language, words, stems, folded accents, bigrams where words have no spaces.

The same functions serve documents, questions and document names, so that they meet.
"""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Callable, Collection, Sequence
from functools import cache, lru_cache
from types import MappingProxyType

import snowballstemmer
from lingua import ConfidenceValue, LanguageDetectorBuilder
from lingua import LanguageDetector as Lingua

ANALYSIS_VERSION = 1
"""Raised whenever the terms of any text change: an index made by another version is rebuilt."""

MAX_TERM_CHARS = 64
"""Longer words are cut, both in chunks and in questions."""

CACHED_WORDS = 50_000
"""Distinct words of one language whose terms are kept, about 10 MB."""

_SCANNED = 0x32000

_STEMMERS = MappingProxyType(
    {
        "ar": "arabic",
        "bs": "serbian",
        "ca": "catalan",
        "cs": "czech",
        "da": "danish",
        "de": "german",
        "el": "greek",
        "en": "english",
        "eo": "esperanto",
        "es": "spanish",
        "et": "estonian",
        "eu": "basque",
        "fa": "persian",
        "fi": "finnish",
        "fr": "french",
        "ga": "irish",
        "hi": "hindi",
        "hr": "serbian",
        "hu": "hungarian",
        "hy": "armenian",
        "id": "indonesian",
        "it": "italian",
        "lt": "lithuanian",
        "nb": "norwegian",
        "ne": "nepali",
        "nl": "dutch",
        "nn": "norwegian",
        "no": "norwegian",
        "pl": "polish",
        "pt": "portuguese",
        "ro": "romanian",
        "ru": "russian",
        "sr": "serbian",
        "st": "sesotho",
        "sv": "swedish",
        "ta": "tamil",
        "tr": "turkish",
        "yi": "yiddish",
    }
)

# Scripts written without spaces between words, and Hangul, whose particles cling to the word:
# Thai, Lao, Myanmar, Khmer, Kana with Bopomofo, Han, Hangul. Apache Lucene's CJKBigramFilter does
# the same for Han, Kana and Hangul.
_UNSPACED_FROM = "\u0e00"
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003ffff]"
)

# The elided words of Apache Lucene's French, Italian and Catalan analysers. They are dropped in
# every language: a short question is often taken for another one.
_ELIDED = (
    "agl|all|c|coll|d|dagl|dall|degl|dell|gl|j|jusqu|l|lorsqu|m|n|negl|nell|pell|puisqu|qu|quoiqu"
    "|s|sugl|sull|t|un|v"
)

# Soft hyphen, joiner, word joiner and byte order mark stand inside words and are not part of them.
_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("\u00ad\u200d\u2060\ufeff", "") | dict.fromkeys("\u2019\u02bc", "'")
)

# What accent folding takes away: the combining marks of Latin, Greek and Cyrillic, Hebrew points
# and Arabic vowel signs with the hamza. Marks of Indic scripts are vowels and stay.
_ACCENTS = re.compile("[\u0300-\u036f\u0591-\u05c7\u064b-\u065f\u0670]+")

# Letters with a stroke or joined letters, which Unicode does not decompose.
_UNDECOMPOSED = str.maketrans(
    {"æ": "ae", "œ": "oe", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ħ": "h", "ı": "i"}
)


class LanguageDetector:
    """Guesses the language of a text; the model is built at the first guess (0.6 s, 80 MB).

    Lingua in its low-accuracy mode, over all its languages. Safe to use from several threads.
    """

    CHARS = 2_000
    CONFIDENCE = 0.5

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._lingua: Lingua | None = None

    def detect(self, text: str, among: Collection[str] | None = None) -> str:
        """The ISO 639-1 code of the language, or "" when unsure.

        With ``among`` the likeliest of those languages; of one language always that one.
        """
        if among is not None and len(among) == 1:
            return next(iter(among))
        for code, confidence in self.confidences(text).items():
            if among is None:
                return code if confidence >= self.CONFIDENCE else ""
            if code in among:
                return code
        return ""

    def confidences(self, text: str) -> dict[str, float]:
        """The languages that a text may have, the likeliest first, with 0 < confidence <= 1."""
        values = self._confidence_values(text[: self.CHARS])
        return {_code(value): value.value for value in values if value.value > 0.0}

    def _confidence_values(self, text: str) -> list[ConfidenceValue]:
        with self._lock:
            if self._lingua is None:
                builder = LanguageDetectorBuilder.from_all_languages()
                self._lingua = builder.with_low_accuracy_mode().build()
        return self._lingua.compute_language_confidence_values(_encodable(text))


def _code(value: ConfidenceValue) -> str:
    return value.language.iso_code_639_1.name.lower()


@cache
def _detector() -> LanguageDetector:
    return LanguageDetector()


def detect_language(text: str, among: Collection[str] | None = None) -> str:
    """``LanguageDetector.detect`` by the process's one detector."""
    return _detector().detect(text, among)


def language_confidences(text: str) -> dict[str, float]:
    """``LanguageDetector.confidences`` by the process's one detector."""
    return _detector().confidences(text)


def terms(text: str, language: str) -> list[str]:
    """The index terms of ``text`` in reading order, repeated as often as they occur.

    Each is 1 to ``MAX_TERM_CHARS`` characters without spaces or surrogates. ``language`` is ISO
    639-1; in a language without stemmer words are only folded.
    """
    stem = _stem_of(_stemmer_name(language))
    found: list[str] = []
    for word in _words(text):
        if _is_unspaced(word):
            found.extend(_bigrams(word))
        else:
            found.append(stem(word[:MAX_TERM_CHARS]))
    return found


def query_terms(text: str, languages: Sequence[str]) -> list[tuple[str, ...]]:
    """For each distinct word of a question its distinct terms under every one of ``languages``.

    So the question finds chunks that were analysed in any of them. Without languages the words are
    only folded.
    """
    stemmers = dict.fromkeys(_stemmer_name(language) for language in languages or ("",))
    stems = [_stem_of(stemmer) for stemmer in stemmers]
    found: dict[tuple[str, ...], None] = {}
    for word in dict.fromkeys(_words(text)):
        if _is_unspaced(word):
            found.update(dict.fromkeys((bigram,) for bigram in _bigrams(word)))
        else:
            found[tuple(dict.fromkeys(stem(word[:MAX_TERM_CHARS]) for stem in stems))] = None
    return list(found)


def _words(text: str) -> list[str]:
    if not text.isascii():
        text = unicodedata.normalize("NFKC", _encodable(text).translate(_TYPOGRAPHY))
    return [word for word in _word_pattern().findall(text.casefold()) if word]


def _encodable(text: str) -> str:
    """``text`` with lone surrogates replaced: no UTF-8 index can store them."""
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _is_unspaced(word: str) -> bool:
    return word[0] >= _UNSPACED_FROM and _UNSPACED.match(word) is not None and not word.isdecimal()


def unspaced_characters(text: str) -> int:
    """How many characters are of scripts written without spaces between words, and of Hangul."""
    return 0 if text.isascii() else len(_UNSPACED.findall(text))


def _bigrams(run: str) -> list[str]:
    if len(run) == 1:
        return [run]
    return [run[i : i + 2] for i in range(len(run) - 1)]


def _stemmer_name(language: str) -> str:
    return _STEMMERS.get(language, "")


@cache
def _stem_of(stemmer: str) -> Callable[[str], str]:
    """The function from a word to its term, with a cache: few words make up most of a text."""
    if not stemmer:
        return lru_cache(CACHED_WORDS)(_folded)
    snowball = snowballstemmer.stemmer(stemmer)
    lock = threading.Lock()

    @lru_cache(CACHED_WORDS)
    def stem(word: str) -> str:
        # A Snowball stemmer keeps the word it works on in itself.
        with lock:
            stemmed = str(snowball.stemWord(word))
        return _folded(stemmed or word)

    return stem


def _folded(word: str) -> str:
    """``word`` without accents, in ASCII digits."""
    if word.isascii():
        return word
    if word.isdecimal():
        return "".join(str(unicodedata.decimal(digit)) for digit in word)
    bare = _ACCENTS.sub("", unicodedata.normalize("NFD", word))
    folded = unicodedata.normalize("NFC", bare.translate(_UNDECOMPOSED))
    return folded[:MAX_TERM_CHARS] or word


@cache
def _word_pattern() -> re.Pattern[str]:
    """Runs of unspaced script, of digits, and of letters; only words are captured.

    Character classes are spelt out because Python's ``\\w`` leaves out combining marks, which would
    cut Arabic and Indic words in pieces.
    """
    classes: dict[str, list[int]] = {"unspaced": [], "digit": [], "letter": []}
    for code in range(_SCANNED):
        category = unicodedata.category(chr(code))
        if category == "Nd":
            classes["digit"].append(code)
        elif category[0] in "LM" or category in ("Nl", "No"):
            classes["unspaced" if _UNSPACED.match(chr(code)) else "letter"].append(code)
    letter, digit, unspaced = (_ranges(classes[name]) for name in ("letter", "digit", "unspaced"))
    elided = f"(?<![{letter}{digit}])(?:{_ELIDED})'(?=[{letter}])"
    return re.compile(
        f"{elided}|([{letter}]+|[{digit}]+|[{unspaced}]+)(?:(?<=[a-z])'s(?![{letter}{digit}]))?"
    )


def _ranges(codes: list[int]) -> str:
    """Rising code points as the inside of a character class."""
    ends = [i for i, code in enumerate(codes) if i + 1 == len(codes) or codes[i + 1] != code + 1]
    starts = [0, *(end + 1 for end in ends[:-1])]
    return "".join(
        f"{chr(codes[start])}-{chr(codes[end])}" for start, end in zip(starts, ends, strict=True)
    )
