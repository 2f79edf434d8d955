"""The few sentences that Cloister says itself, in the language of the question."""

from __future__ import annotations

from typing import Literal

Phrase = Literal["not_in_documents"]

_PHRASES: dict[str, dict[Phrase, str]] = {
    "en": {"not_in_documents": "The documents do not hold the answer."},
    "fr": {"not_in_documents": "Les documents ne contiennent pas la réponse."},
    "de": {"not_in_documents": "Die Dokumente enthalten die Antwort nicht."},
    "es": {"not_in_documents": "Los documentos no contienen la respuesta."},
    "it": {"not_in_documents": "I documenti non contengono la risposta."},
    "pt": {"not_in_documents": "Os documentos não contêm a resposta."},
    "nl": {"not_in_documents": "De documenten bevatten het antwoord niet."},
}


def phrase(name: Phrase, language: str) -> str:
    """A sentence in a language, or in English where we do not have it."""
    return _PHRASES.get(language, _PHRASES["en"])[name]
