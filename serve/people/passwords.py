"""Passwords: which are good enough, and how they are kept and checked."""

from __future__ import annotations

import re
import threading
import unicodedata
from collections.abc import Set as AbstractSet
from functools import cache
from importlib.resources import files
from typing import Literal

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from serve.people.errors import WeakPassword

LEAST_CHARACTERS = 12
MOST_CHARACTERS = 200

_LEAST_GUESSES = 10_000_000_000
"""What zxcvbn calls very unguessable: of chosen words two are fewer, three apart are more."""

_READ_CHARACTERS = 32
"""A longer beginning takes zxcvbn seconds where each character may stand for a letter."""

_RUNS = (
    "abcdefghijklmnopqrstuvwxyz", "01234567890", "qwertyuiop", "asdfghjkl", "zxcvbnm",
    "azertyuiop", "qsdfghjklm", "wxcvbn",
)  # fmt: skip
_LONGEST_RUN_SHARE = 0.5
_LEAST_DIFFERENT = 5
_SHORTEST_PART = 3
_BETWEEN = re.compile(r"[\W_]+")
_DECORATION = re.compile(r"[\W\d_]+")
_DECORATED_ENDS = re.compile(r"\A[\W\d_]+|(?<![\W\d_])[\W\d_]++\Z")
_LOOKALIKES = str.maketrans("013457@$!", "oieastasi")

Reason = Literal["too_short", "too_long", "repetitive", "sequence", "name", "common", "guessable"]

_WORDS: dict[Reason, str] = {
    "too_short": f"has fewer than {LEAST_CHARACTERS} characters",
    "too_long": f"has more than {MOST_CHARACTERS} characters",
    "repetitive": "repeats the same few characters",
    "sequence": "follows the alphabet, the digits or the keyboard",
    "name": "is little more than the name",
    "common": "is one of the common ones",
    "guessable": "is made of what guessing begins with",
}

_hasher = PasswordHasher()
_at_once = threading.BoundedSemaphore(2)
"""Each check takes 64 MiB and a core for a moment; a flood of them must not take the machine."""


def hash_of(password: str) -> str:
    """What is kept of a password."""
    with _at_once:
        return _hasher.hash(_normal(password))


def is_right(password: str, stored: str | None) -> bool:
    """Whether a password is the one; the work is the same where nothing is stored."""
    with _at_once:
        try:
            _hasher.verify(stored or _nobodys(), _normal(password))
        except (VerificationError, InvalidHashError):
            return False
    return stored is not None


@cache
def _nobodys() -> str:
    return _hasher.hash("nobody has this password")


def check_strength(password: str, name: str) -> None:
    """Refuse a password that is guessed early.

    Raises:
        WeakPassword: It is too short, too uniform, common, made of the name, or soon guessed.
    """
    if reason := _reason(_normal(password), name):
        raise WeakPassword(
            f"The password {_WORDS[reason]}.",
            advice="Take four or more words that have nothing to do with each other.",
            reason=reason,
        )


def _reason(password: str, name: str) -> Reason | None:
    folded = password.casefold()
    if len(password) < LEAST_CHARACTERS:
        return "too_short"
    if len(password) > MOST_CHARACTERS:
        return "too_long"
    if len(set(folded)) < _LEAST_DIFFERENT or _is_repeated(folded):
        return "repetitive"
    if _in_sequence(folded) > _LONGEST_RUN_SHARE * len(folded):
        return "sequence"
    if _adds_little_to(name.casefold(), folded):
        return "name"
    if _made_of(folded, _common()):
        return "common"
    if _guesses(password, name) < _LEAST_GUESSES:
        return "guessable"
    return None


def _guesses(password: str, name: str) -> float:
    """How many guesses the beginning of a password takes who tries what people choose first."""
    # Imported here, for its word lists take a tenth of a second and 14 MB, and are needed rarely.
    from zxcvbn import zxcvbn

    known = [name, *_BETWEEN.split(name), *sorted(_common())]
    with _at_once:
        found = zxcvbn(password[:_READ_CHARACTERS], user_inputs=known)
    return float(found["guesses"])


def _is_repeated(text: str) -> bool:
    """Whether it is a shorter text again and again."""
    return text in (text + text)[1:-1]


def _in_sequence(text: str) -> int:
    """How many characters stand where a sequence, forwards or backwards, has them."""
    pairs = {run[i : i + 2] for run in _RUNS for i in range(len(run) - 1)}
    pairs |= {pair[::-1] for pair in pairs}
    return sum(text[i : i + 2] in pairs for i in range(len(text) - 1))


def _adds_little_to(name: str, text: str) -> bool:
    """Whether hardly a letter is left of a text without the parts of a name or an address."""
    parts = {name, *(each for each in _BETWEEN.split(name) if len(each) >= _SHORTEST_PART)} - {""}
    for form in (text, text.translate(_LOOKALIKES)):
        rest = form
        for part in sorted(parts, key=len, reverse=True):
            rest = rest.replace(part, "")
        if rest != form and len(_DECORATION.sub("", rest)) < _LEAST_DIFFERENT:
            return True
    return False


def _made_of(text: str, words: AbstractSet[str]) -> bool:
    """Whether nothing is left of a text but digits and signs without such words."""
    bare = _DECORATED_ENDS.sub("", text)
    forms = {text, bare, text.translate(_LOOKALIKES), bare.translate(_LOOKALIKES)}
    letters = {_DECORATION.sub("", form) for form in forms}
    known = {_DECORATION.sub("", word) for word in words} | words
    return any(form in known or _is_joined(form, known) for form in forms | letters)


def _is_joined(text: str, words: AbstractSet[str]) -> bool:
    """Whether a text is at most two such words, one after the other."""
    return any(text[:i] in words and text[i:] in words for i in range(1, len(text)))


@cache
def _common() -> frozenset[str]:
    text = files("serve.people").joinpath("common_passwords.txt").read_text("utf-8")
    return frozenset(line for line in text.splitlines() if line and not line.startswith("#"))


def _normal(password: str) -> str:
    """The same characters however a keyboard composes them."""
    return unicodedata.normalize("NFC", password)
