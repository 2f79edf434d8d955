"""The words of a text without its typography, each with the place where it stands.

Two texts have the same wording if a reader would say that they are the same words: forms of
letters (Unicode NFKC and case folding), white space, quotation marks, dashes, ellipses, soft
hyphens and invisible characters make no difference. What makes a number stays with it: "3,500",
"3 500" and "-5" are one token each, so that "500" is found in none of them.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

BREAK = "\0"
"""In a token, where a line ended in a hyphen: it may belong to the word or not."""

NOTE = "\1"
"""Begins the token of a reference to a note, such as "[3]" or a raised 3 after a word."""

ELLIPSIS = "..."

_SEGMENT = re.compile(
    r"""(?P<broken>(?<=[^\W\d_])[-\u2010\u2011\xad][^\S\n\r]*(?:\r\n?|\n)[^\S\n\r]*(?=[^\W\d_]))
    |(?P<note>(?:(?<=[^\W\d_]{4})|(?<=[.,;:!?"'”’»]))
        (?:[⁰¹²³⁴-⁹]{1,3}|\[\d{1,3}(?:[,–-]\ ?\d{1,3}){0,4}\]|[*†‡]{1,3})(?!\w))
    |(?P<space>\s+)
    |(?P<plain>[A-Za-z]+(?![^\x00-\x7f]))
    |(?P<letter>.)""",
    re.VERBOSE | re.DOTALL,
)
_NOTE_BRACKETS = str.maketrans("–", "-", "[] ")

_TYPOGRAPHY = str.maketrans(
    dict.fromkeys("“”„‟«»″〝〞", '"')
    | dict.fromkeys("‘’‚‛‹›′ʼ´`", "'")
    | {"œ": "oe", "æ": "ae", "⁄": "/", "−": "-"}
)
_HYPHENS = "-\u2010\u2011"

# Written without spaces, so that each letter is a token: Thai, Lao, Myanmar, Khmer, Kana with
# Bopomofo, Han.
_UNSPACED = re.compile(
    "[\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3005-\u3007\u3041-\u312f\u31a0-\u31bf\u31f0-\u31ff"
    "\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff]"
)

_FIRST_UNSPACED = "\u0e00"

_KINDS = {
    "\n": "n",
    " ": "s",
    ".": ".",
    "-": "-",
    BREAK: "b",
    NOTE: "x",
    "\2": "y",
} | dict.fromkeys(",:/'^", "j")

# Over the kinds of characters (see ``_kind``). In turn: an ellipsis; digits in groups of three; a
# word or number, with its sign; one letter of an unspaced script; a note; a dash; any other mark.
_TOKEN = re.compile(
    r"""\.(?:[sn]*\.)+
    |(?:(?<![^sno])-)?d{1,3}(?:sd{3})+(?![wdm])(?:[.j]d+)*
    |(?:(?<![^sno])-(?=\.?d))?(?:(?<![^sno-])\.(?=d))?[wd](?:[wdm]|b(?=w)|(?<=d)[.j](?=d))*
    |um*
    |x[^y]*y
    |-+
    |[^sn]""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True)
class Token:
    """A word, number or mark that stands at ``start`` to ``end`` of its text.

    ``opens`` and ``closes`` say whether a quotation may begin and end with it: "refundable" does
    not open one in "non-refundable", nor does "can" close one in "can't".
    """

    form: str
    start: int
    end: int
    opens: bool = True
    closes: bool = True

    @property
    def is_note(self) -> bool:
        """Whether it refers to a note."""
        return self.form[0] == NOTE

    @property
    def is_word(self) -> bool:
        """Whether it is a word or a number and no mark."""
        return not self.is_note and any(map(str.isalnum, self.form))

    @property
    def has_digit(self) -> bool:
        """Whether it is or holds a number in digits."""
        return not self.is_note and any(map(str.isnumeric, self.form))

    @property
    def is_unspaced(self) -> bool:
        """Whether it is a letter of a script that puts no spaces between words."""
        return self.form[0] >= _FIRST_UNSPACED and _UNSPACED.match(self.form) is not None


@lru_cache(256)
def tokens(text: str) -> tuple[Token, ...]:
    """The tokens of a text in reading order."""
    folded = list(_folded(text))
    letters = "".join(letter for letter, _, _ in folded)
    kinds = "".join(map(_kind, letters))
    found: list[Token] = []
    for match in _TOKEN.finditer(kinds):
        first, last = match.start(), match.end() - 1
        start, end = folded[first][1], folded[last][2]
        found.append(
            Token(
                _form(letters[first : last + 1], kinds[first]),
                start,
                end,
                opens=first == 0 or folded[first - 1][1] != start,
                closes=last + 1 == len(folded) or folded[last + 1][1] != folded[last][1],
            )
        )
    return tuple(_inside_compounds(found, text))


def _inside_compounds(found: list[Token], text: str) -> Iterator[Token]:
    """The tokens again, those closed to quotations that hang on another by hyphen or apostrophe."""
    for i, token in enumerate(found):
        opens = token.opens and not _glued(found, i - 1, text, _HYPHENS)
        closes = token.closes and not _glued(found, i + 1, text, _HYPHENS + "'’ʼ")
        if (opens, closes) == (token.opens, token.closes):
            yield token
        else:
            yield Token(token.form, token.start, token.end, opens, closes)


def _glued(found: list[Token], i: int, text: str, marks: str) -> bool:
    """Whether token ``i`` is one of the marks, between two words without spaces."""
    if not 0 < i < len(found) - 1:
        return False
    before, mark, after = found[i - 1 : i + 2]
    return (
        text[mark.start : mark.end] in tuple(marks)
        and before.end == mark.start
        and mark.end == after.start
        and before.is_word
        and after.is_word
    )


def _form(letters: str, kind: str) -> str:
    if kind == "." and len(letters) > 1 and not any(map(str.isalnum, letters)):
        return ELLIPSIS
    if kind == "-" and letters.strip("-") == "":
        return "-"
    if kind == "b":
        return "-"
    return letters.replace(" ", "\xa0")


def _folded(text: str) -> Iterator[tuple[str, int, int]]:
    """Each letter without its typography, and where the characters stand that it is made of."""
    previous = ""
    for kind, start, end in _segments(text):
        piece = text[start:end]
        if kind == "plain":
            for place, letter in enumerate(piece.lower(), start):
                yield letter, place, place + 1
            previous = piece
            continue
        if kind == "letter":
            letters = _folded_letter(piece)
            if _makes_another_number(previous, piece):
                letters = "^" + letters
        elif kind == "note":
            letters = NOTE + _folded_letter(piece).translate(_NOTE_BRACKETS) + "\2"
        elif kind == "broken":
            letters = BREAK
        else:
            letters = "\n" if "\n" in piece or "\r" in piece else " "
        for letter in letters:
            yield letter, start, end
        previous = piece if letters else previous


def _segments(text: str) -> Iterator[tuple[str, int, int]]:
    """The parts of a text that are folded each by itself: a letter keeps the marks that cling.

    Plain letters, to which nothing can cling, come many at once.
    """
    pending: tuple[str, int, int] | None = None
    for match in _SEGMENT.finditer(text):
        kind = match.lastgroup or ""
        if kind == "letter" and pending and pending[0] == "letter" and _clings(match.group()):
            pending = ("letter", pending[1], match.end())
            continue
        if pending:
            yield pending
        pending = (kind, *match.span())
    if pending:
        yield pending


@lru_cache(4096)
def _clings(letter: str) -> bool:
    """Whether Unicode may compose it with the letter before it."""
    first = unicodedata.normalize("NFKD", letter)[0]
    return unicodedata.category(first)[0] == "M" or "\u1160" <= first <= "\u11ff"


@lru_cache(4096)
def _folded_letter(piece: str) -> str:
    piece = unicodedata.normalize("NFKC", piece.translate(_TYPOGRAPHY)).casefold()
    piece = unicodedata.normalize("NFKC", piece).translate(_TYPOGRAPHY)
    letters = "".join(map(_visible, piece))
    return letters.strip() or letters[:1]


def _visible(letter: str) -> str:
    category = unicodedata.category(letter)
    if category == "Cf" or "\ufe00" <= letter <= "\ufe0f" or letter == "\u034f":
        return ""
    if category in ("Cc", "Cs") or letter.isspace():
        return " "
    return "-" if category == "Pd" else letter


def _makes_another_number(previous: str, piece: str) -> bool:
    """Whether two digits must not run together: 10² is not 102, nor is 2½ 21/2."""
    digits = previous[-1:].isnumeric() and piece[:1].isnumeric()
    return digits and "No" in (unicodedata.category(previous[-1]), unicodedata.category(piece[0]))


@lru_cache(4096)
def _kind(letter: str) -> str:
    """One letter for the class of a character."""
    if letter in _KINDS:
        return _KINDS[letter]
    category = unicodedata.category(letter)
    if category[0] == "M":
        return "m"
    if category[0] == "N":
        return "d"
    if category[0] == "L":
        return "u" if _UNSPACED.match(letter) else "w"
    return "o" if category == "Ps" else "p"
