"""The few sentences that Cloister says itself, in the language of the question."""

from __future__ import annotations

from typing import Literal

Phrase = Literal[
    "not_in_documents",
    "sources",
    "stand_in",
    "closed",
    "nearest",
    "page",
    "quoted",
    "struck",
    "truncated",
    "queued",
]

_PHRASES: dict[str, dict[Phrase, str]] = {
    "en": {
        "not_in_documents": "The documents do not hold the answer.",
        "sources": "Sources:",
        "stand_in": "The model cannot be used; these are the documents' own sentences.",
        "closed": "This answer is withheld: it draws on a document that you may not read any more.",
        "nearest": "The nearest passages:",
        "page": "p. {}",
        "quoted": ': "{}"',
        "struck": "Not verified: {}",
        "truncated": "The answer ran out of tokens (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "The model is busy; place in the queue: {}",
    },
    "fr": {
        "not_in_documents": "Les documents ne contiennent pas la réponse.",
        "sources": "Sources :",
        "stand_in": "Le modèle est indisponible ; voici les phrases mêmes des documents.",
        "closed": "Cette réponse n’est plus affichée : elle s’appuie sur un document que "
        "vous ne pouvez plus consulter.",
        "nearest": "Les passages les plus proches :",
        "page": "p. {}",
        "quoted": " : « {} »",
        "struck": "Non vérifié : {}",
        "truncated": "La réponse a épuisé ses jetons (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "Le modèle est occupé ; place dans la file : {}",
    },
    "de": {
        "not_in_documents": "Die Dokumente enthalten die Antwort nicht.",
        "sources": "Quellen:",
        "stand_in": "Das Modell ist nicht verfügbar; dies sind die Sätze der Dokumente selbst.",
        "closed": "Diese Antwort wird nicht mehr gezeigt: Sie stützt sich auf ein "
        "Dokument, das Sie nicht mehr lesen dürfen.",
        "nearest": "Die nächstliegenden Stellen:",
        "page": "S. {}",
        "quoted": ": „{}“",
        "struck": "Nicht bestätigt: {}",
        "truncated": "Der Antwort gingen die Token aus (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "Das Modell ist beschäftigt; Platz in der Warteschlange: {}",
    },
    "es": {
        "not_in_documents": "Los documentos no contienen la respuesta.",
        "sources": "Fuentes:",
        "stand_in": "El modelo no está disponible; estas son las frases de los propios documentos.",
        "closed": "Esta respuesta ya no se muestra: se apoya en un documento que usted "
        "ya no puede leer.",
        "nearest": "Los pasajes más cercanos:",
        "page": "pág. {}",
        "quoted": ": «{}»",
        "struck": "No verificado: {}",
        "truncated": "La respuesta agotó sus tokens (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "El modelo está ocupado; puesto en la cola: {}",
    },
    "it": {
        "not_in_documents": "I documenti non contengono la risposta.",
        "sources": "Fonti:",
        "stand_in": "Il modello non è disponibile; queste sono le frasi stesse dei documenti.",
        "closed": "Questa risposta non viene più mostrata: si basa su un documento che "
        "non può più leggere.",
        "nearest": "I passi più vicini:",
        "page": "p. {}",
        "quoted": ": «{}»",
        "struck": "Non verificato: {}",
        "truncated": "La risposta ha esaurito i token (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "Il modello è occupato; posto in coda: {}",
    },
    "pt": {
        "not_in_documents": "Os documentos não contêm a resposta.",
        "sources": "Fontes:",
        "stand_in": "O modelo não está disponível; estas são as frases dos próprios documentos.",
        "closed": "Esta resposta já não é mostrada: apoia-se num documento que já não pode ler.",
        "nearest": "As passagens mais próximas:",
        "page": "p. {}",
        "quoted": ": «{}»",
        "struck": "Não verificado: {}",
        "truncated": "A resposta esgotou os seus tokens (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "O modelo está ocupado; lugar na fila: {}",
    },
    "nl": {
        "not_in_documents": "De documenten bevatten het antwoord niet.",
        "sources": "Bronnen:",
        "stand_in": "Het model is niet beschikbaar; dit zijn de zinnen van de documenten zelf.",
        "closed": "Dit antwoord wordt niet meer getoond: het steunt op een document dat "
        "u niet meer mag lezen.",
        "nearest": "De dichtstbijzijnde passages:",
        "page": "p. {}",
        "quoted": ": “{}”",
        "struck": "Niet geverifieerd: {}",
        "truncated": "Het antwoord had geen tokens meer (CLOISTER_LLM_ANSWER_TOKENS).",
        "queued": "Het model is bezig; plaats in de wachtrij: {}",
    },
    "hi": {
        "not_in_documents": "दस्तावेज़ों में इसका उत्तर नहीं है।",
        "sources": "स्रोत:",
        "stand_in": "मॉडल उपलब्ध नहीं है; ये दस्तावेज़ों के अपने ही वाक्य हैं।",
        "closed": "यह उत्तर अब नहीं दिखाया जाता: यह ऐसे दस्तावेज़ पर आधारित है जिसे आप अब नहीं पढ़ सकते।",
        "nearest": "सबसे मिलते-जुलते अंश:",
        "page": "पृ. {}",
        "quoted": ": “{}”",
        "struck": "पुष्टि नहीं हुई: {}",
        "truncated": "उत्तर की टोकन-सीमा पूरी हो गई (CLOISTER_LLM_ANSWER_TOKENS)।",
        "queued": "मॉडल व्यस्त है; कतार में स्थान: {}",
    },
    "th": {
        "not_in_documents": "ไม่พบคำตอบในเอกสาร",
        "sources": "แหล่งที่มา:",
        "stand_in": "ขณะนี้ใช้โมเดลไม่ได้ ข้อความต่อไปนี้คือประโยคจากเอกสารโดยตรง",
        "closed": "ไม่แสดงคำตอบนี้แล้ว เนื่องจากอ้างอิงเอกสารที่คุณไม่มีสิทธิ์อ่านอีกต่อไป",
        "nearest": "ข้อความที่ใกล้เคียงที่สุด:",
        "page": "หน้า {}",
        "quoted": ": “{}”",
        "struck": "ยืนยันไม่ได้: {}",
        "truncated": "คำตอบใช้โทเค็นครบตามกำหนดแล้ว (CLOISTER_LLM_ANSWER_TOKENS)",
        "queued": "โมเดลไม่ว่าง ลำดับในคิว: {}",
    },
}


def phrase(name: Phrase, language: str) -> str:
    """A sentence in a language, or in English where we do not have it."""
    return _PHRASES.get(language, _PHRASES["en"])[name]


_FAILURES_IN_FRENCH = {
    "llm_unavailable": "Le modèle de langage est injoignable ; `cloister status` dit pourquoi.",
    "llm_timeout": "Le modèle de langage n’a pas répondu à temps. Réessayez dans un instant.",
    "llm_interrupted": "Le modèle de langage s’est interrompu. Posez la question à nouveau.",
    "llm_refused": "Le serveur du modèle refuse la demande : vérifiez sa clé et le nom du modèle.",
    "llm_busy": "Le modèle de langage est trop sollicité. Réessayez dans un instant.",
    "prompt_too_long": "La question et ses passages dépassent la fenêtre de contexte du modèle.",
    "guard_unavailable": "Le modèle de sécurité ne juge pas ; rien n’est donc répondu.",
    "question_withheld": "Le modèle de sécurité juge la question dangereuse ; elle reste sans "
    "réponse.",
    "answer_withheld": "Le modèle de sécurité juge la réponse dangereuse ; elle n’est pas montrée.",
    "access_revoked": "Vos droits ont changé pendant la réponse.",
    "embedder_unavailable": "Le modèle de recherche est injoignable.",
    "not_ready": "Le serveur démarre encore. Réessayez dans un instant.",
    "internal_error": "Une erreur s’est produite dans le serveur.",
}


def why(code: str, message: str, language: str) -> str:
    """What an error says: its own message, or in French what its code means, where we have it."""
    return _FAILURES_IN_FRENCH.get(code, message) if language == "fr" else message
