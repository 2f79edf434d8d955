from __future__ import annotations

from serve.answers.phrases import phrase


def test_a_phrase_is_in_the_language_asked_for_or_in_english() -> None:
    assert phrase("not_in_documents", "fr") == "Les documents ne contiennent pas la réponse."
    assert phrase("not_in_documents", "xx") == phrase("not_in_documents", "en")
    assert phrase("not_in_documents", "") == phrase("not_in_documents", "en")
