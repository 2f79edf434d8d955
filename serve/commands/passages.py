"""How passages and answers are written in a terminal, in the language of the question."""

from __future__ import annotations

from typing import Any

from serve.answers.phrases import phrase


def place(passage: dict[str, Any], language: str = "en") -> str:
    """The document of a passage, and its page, with what is printed on it where that differs."""
    if not passage["paged"]:
        return str(passage["document_name"])
    number, label = str(passage["page"]), passage["page_label"]
    page = phrase("page", language).format(
        number if label in ("", number) else f"{number} ({label})"
    )
    return f"{passage['document_name']}, {page}"


def quoted(passage: dict[str, Any], language: str, longest: int = 300) -> str:
    """Where a passage stands and what it says."""
    text = shortened(passage["quote"], longest)
    return place(passage, language) + phrase("quoted", language).format(text)


def shortened(text: str, longest: int) -> str:
    """A text on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[:longest].rsplit(" ", 1)[0] + " …"
