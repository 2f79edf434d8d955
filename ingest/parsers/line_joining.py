"""How hard-wrapped lines are joined: by a space, by nothing, or without their hyphen."""

from __future__ import annotations

import re

DROP_HYPHEN = "-"
"""The joint that stands for: take the hyphen away and put nothing in its place."""

_HYPHENS = "-\u2010\u00ad"
_KEPT_AFTER_HYPHEN = re.compile(r"(?:ils?|elles?|mêmes?|vous)\b")
_ITEM = re.compile(
    r"(?:[•◦▪▸‣●○■□–—*\-\uf0b7\uf0a7]\s+|\(?(?:\d{1,3}|[a-zA-Z]|[ivxIVX]{2,5})[.)]\s+|\[\d+\]\s)"
)
_SENTENCE_ENDS = ".!?…:;。！？؟۔"
_CLOSERS = "\"'”’»)]\u00a0\u202f "
_LAST_WORD = re.compile(r"[\w'’-]+$")
_FIRST_WORD = re.compile(r"[\w'’-]+")
_NO_SPACE_SCRIPTS = re.compile(r"[\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff\uff00-\uffef]")


def joint(above: str, below: str, page_text: str = "") -> str:
    """What goes between two lines of a paragraph: " ", "" or ``DROP_HYPHEN``."""
    last = above[-1:]
    if ends_in_hyphen(above):
        if last == "\u00ad":
            return DROP_HYPHEN
        kept = not below[:1].islower() or _is_compound(above[:-1], below, page_text)
        return "" if kept else DROP_HYPHEN
    if _NO_SPACE_SCRIPTS.match(last) and _NO_SPACE_SCRIPTS.match(below):
        return ""
    return " "


def _is_compound(above: str, below: str, page_text: str) -> bool:
    """Whether the hyphen belongs to the word: French pronouns, or seen so elsewhere on the page."""
    left, right = _LAST_WORD.search(above), _FIRST_WORD.match(below)
    if not left or not right:
        return False
    if _KEPT_AFTER_HYPHEN.match(below) or left.group().endswith("-t"):
        return True
    return f"{left.group()}-{right.group()}".lower() in page_text.lower()


def ends_in_hyphen(line: str) -> bool:
    """Whether a line ends within a word or a compound."""
    return line[-1:] in tuple(_HYPHENS) and line[-2:-1].isalpha()


def ends_sentence(line: str) -> bool:
    """Whether a line ends with a full stop or its like, closing quotes and brackets aside."""
    return line.rstrip(_CLOSERS)[-1:] in tuple(_SENTENCE_ENDS)


def starts_item(line: str) -> bool:
    """Whether a line starts with the bullet or the number of a list item."""
    return _ITEM.match(line) is not None
