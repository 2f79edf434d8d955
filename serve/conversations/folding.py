"""Text as it is compared by someone who does not care about case, accents and spacing."""

from __future__ import annotations

import unicodedata

_LETTERS = str.maketrans(
    {"œ": "oe", "æ": "ae", "ø": "o", "ł": "l", "đ": "d", "ð": "d", "þ": "th", "ı": "i", "’": "'"}
)


def folded(text: str) -> str:
    """A text in small letters without accents, its words one space apart."""
    plain = unicodedata.normalize("NFKD", text).casefold().translate(_LETTERS)
    # Casefolding makes new composites of some letters, so accents go last.
    letters = unicodedata.normalize("NFKD", plain)
    return " ".join("".join(c for c in letters if not unicodedata.combining(c)).split())
