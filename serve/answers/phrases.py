"""The few sentences that Cloister says itself, in the language of the question."""

from __future__ import annotations

from typing import Literal

Phrase = Literal["not_in_documents", "sources", "stand_in", "closed"]

_PHRASES: dict[str, dict[Phrase, str]] = {
    "en": {
        "not_in_documents": "The documents do not hold the answer.",
        "sources": "Sources:",
        "stand_in": "The model cannot be used; these are the documents' own sentences.",
        "closed": "This answer is withheld: it draws on a document that you may not read any more.",
    },
    "fr": {
        "not_in_documents": "Les documents ne contiennent pas la réponse.",
        "sources": "Sources :",
        "stand_in": "Le modèle est indisponible ; voici les phrases mêmes des documents.",
        "closed": "Cette réponse n’est plus affichée : elle s’appuie sur un document que "
        "vous ne pouvez plus consulter.",
    },
    "de": {
        "not_in_documents": "Die Dokumente enthalten die Antwort nicht.",
        "sources": "Quellen:",
        "stand_in": "Das Modell ist nicht verfügbar; dies sind die Sätze der Dokumente selbst.",
        "closed": "Diese Antwort wird nicht mehr gezeigt: Sie stützt sich auf ein "
        "Dokument, das Sie nicht mehr lesen dürfen.",
    },
    "es": {
        "not_in_documents": "Los documentos no contienen la respuesta.",
        "sources": "Fuentes:",
        "stand_in": "El modelo no está disponible; estas son las frases de los propios documentos.",
        "closed": "Esta respuesta ya no se muestra: se apoya en un documento que usted "
        "ya no puede leer.",
    },
    "it": {
        "not_in_documents": "I documenti non contengono la risposta.",
        "sources": "Fonti:",
        "stand_in": "Il modello non è disponibile; queste sono le frasi stesse dei documenti.",
        "closed": "Questa risposta non viene più mostrata: si basa su un documento che "
        "non può più leggere.",
    },
    "pt": {
        "not_in_documents": "Os documentos não contêm a resposta.",
        "sources": "Fontes:",
        "stand_in": "O modelo não está disponível; estas são as frases dos próprios documentos.",
        "closed": "Esta resposta já não é mostrada: apoia-se num documento que já não pode ler.",
    },
    "nl": {
        "not_in_documents": "De documenten bevatten het antwoord niet.",
        "sources": "Bronnen:",
        "stand_in": "Het model is niet beschikbaar; dit zijn de zinnen van de documenten zelf.",
        "closed": "Dit antwoord wordt niet meer getoond: het steunt op een document dat "
        "u niet meer mag lezen.",
    },
}


def phrase(name: Phrase, language: str) -> str:
    """A sentence in a language, or in English where we do not have it."""
    return _PHRASES.get(language, _PHRASES["en"])[name]
