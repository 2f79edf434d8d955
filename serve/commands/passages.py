"""How passages and answers are written in a terminal, in the language of the question."""

from __future__ import annotations

from typing import Any, Literal

Phrase = Literal[
    "sources", "nearest", "page", "open_quote", "close_quote", "degraded", "struck", "truncated"
]

_PHRASES: dict[str, dict[Phrase, str]] = {
    "en": {
        "sources": "Sources:",
        "nearest": "The nearest passages:",
        "page": "p. {}",
        "open_quote": ': "',
        "close_quote": '"',
        "degraded": "The model cannot be used; these are the documents' own sentences. ({})",
        "struck": "Not verified: {}",
        "truncated": "The answer ran out of tokens (CLOISTER_LLM_ANSWER_TOKENS).",
    },
    "fr": {
        "sources": "Sources :",
        "nearest": "Les passages les plus proches :",
        "page": "p. {}",
        "open_quote": " : « ",
        "close_quote": " »",
        "degraded": "Le modèle est indisponible ; voici les phrases mêmes des documents. ({})",
        "struck": "Non vérifié : {}",
        "truncated": "La réponse a épuisé ses jetons (CLOISTER_LLM_ANSWER_TOKENS).",
    },
}


def phrase(name: Phrase, language: str) -> str:
    """A phrase in a language, or in English where we do not have it."""
    return _PHRASES.get(language, _PHRASES["en"])[name]


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
    opening, closing = phrase("open_quote", language), phrase("close_quote", language)
    return f"{place(passage, language)}{opening}{text}{closing}"


def shortened(text: str, longest: int) -> str:
    """A text on one line, cut at a word."""
    line = " ".join(text.split())
    if len(line) <= longest:
        return line
    return line[:longest].rsplit(" ", 1)[0] + " …"
