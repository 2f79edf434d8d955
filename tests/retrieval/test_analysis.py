from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.analysis import (
    MAX_TERM_CHARS,
    LanguageDetector,
    detect_language,
    query_terms,
    terms,
)

LANGUAGES = ["", "ar", "de", "en", "es", "fr", "hi", "it", "ja", "pt", "ru", "th", "tr", "zh"]


@pytest.mark.parametrize(
    ("language", "text", "expected"),
    [
        ("en", "The dogs' FY2022 reports", ["the", "dog", "fy", "2022", "report"]),
        ("en", "O'Reilly’s ﬁnances, co\u00adoperate", ["o", "reilli", "financ", "cooper"]),
        ("fr", "L’élève d'un hôpital, qu'il aime", ["elev", "un", "hopital", "il", "aim"]),
        ("fr", "modèle modèles", ["model", "model"]),
        ("it", "dell'acqua", ["acqua"]),
        ("de", "Straße STRASSE Müller Mueller", ["strass", "strass", "mull", "mull"]),
        ("de", "Häuser Haus", ["haus", "haus"]),
        ("es", "canciones canción", ["cancion", "cancion"]),
        ("ar", "الْكِتَابُ كتاب ٢٠٢٢", ["كتاب", "كتاب", "2022"]),
        ("zh", "北京大学。2022年", ["北京", "京大", "大学", "2022", "年"]),
        ("ja", "東京タワー", ["東京", "京タ", "タワ", "ワー"]),
        ("th", "ภาษา ๒๕๖๕", ["ภา", "าษ", "ษา", "2565"]),
        ("ko", "한국어", ["한국", "국어"]),
        ("", "Œuvre Łódź smørrebrød", ["oeuvre", "lodz", "smorrebrod"]),
        ("xx", "running_shoes", ["running", "shoes"]),
        ("en", "x² ½ ｆｕｌｌ", ["x", "2", "1", "2", "full"]),
    ],
)
def test_terms(language: str, text: str, expected: list[str]) -> None:
    assert terms(text, language) == expected


def test_marks_do_not_cut_indic_words() -> None:
    assert len(terms("हिन्दी भाषा", "hi")) == 2


def test_unspaced_script_becomes_bigrams_in_any_declared_language() -> None:
    assert terms("see 北京市 here", "en") == ["see", "北京", "京市", "here"]


def test_composed_and_decomposed_text_meet() -> None:
    assert terms("e\u0301le\u0300ve", "fr") == terms("élève", "fr")


def test_a_huge_word_is_cut() -> None:
    started = time.process_time()
    assert terms("a" * 1_000_000, "") == ["a" * MAX_TERM_CHARS]
    assert terms("9" * 1_000_000, "en") == ["9" * MAX_TERM_CHARS]
    assert len(terms("漢" * 100_000, "zh")) == 99_999
    assert time.process_time() - started < 5.0


def test_question_finds_chunks_of_either_language() -> None:
    query = query_terms("nationale Nationale nations", ["en", "fr"])
    for language in ("en", "fr"):
        for term in terms("nationale nations", language):
            assert any(term in variants for variants in query)


def test_question_words_are_distinct() -> None:
    assert query_terms("the The THE", ["en"]) == [("the",)]
    assert query_terms("dogs dog", ["en"]) == [("dog",)]


def test_question_of_common_words_keeps_them() -> None:
    assert query_terms("to be or not to be", ["en"]) == [("to",), ("be",), ("or",), ("not",)]


def test_question_without_words() -> None:
    assert query_terms("?!", ["en"]) == []
    assert query_terms("mot", []) == [("mot",)]


@settings(deadline=None, max_examples=300)
@given(
    st.text(st.characters(), max_size=80)
    | st.text(
        st.sampled_from("\"'()[]{}:^~*\\/+-&|! \x00\ud800aàéß9漢ก\u0301\u0651AND"), max_size=60
    ),
    st.sampled_from(LANGUAGES),
)
def test_any_text_gives_clean_terms(text: str, language: str) -> None:
    found = terms(text, language)
    for term in found:
        assert 1 <= len(term) <= MAX_TERM_CHARS
        assert not any(character.isspace() for character in term)
        term.encode()
    variants = query_terms(text, [language])
    assert {term for (term,) in variants} == set(found)


def test_terms_are_the_same_in_every_thread() -> None:
    words = [f"mots{i} chevaux{i} running{i}" for i in range(300)]
    expected = [terms(text, "fr") for text in words]
    with ThreadPoolExecutor(8) as pool:
        results = [list(pool.map(lambda text: terms(text, "fr"), words)) for _ in range(3)]
    assert results == [expected] * 3


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("How much revenue did the company report in the last year?", "en"),
        ("Quelle est la hauteur de la tour Eiffel ?", "fr"),
        ("Wie hoch waren die Ausgaben der Gemeinde im letzten Jahr?", "de"),
        ("¿Cuál fue el resultado de las últimas elecciones?", "es"),
        ("ما هي عاصمة فرنسا؟", "ar"),
        ("北京是中国的首都吗？", "zh"),
        ("กรุงเทพเป็นเมืองหลวงของประเทศไทย", "th"),
    ],
)
def test_language_is_detected(text: str, language: str) -> None:
    assert detect_language(text) == language


def test_unsure_language_is_empty() -> None:
    assert detect_language("") == ""
    assert detect_language("2022 - 14,3 %") == ""
    assert detect_language("\ud800") == ""


def test_language_among_given_ones() -> None:
    assert detect_language("anything at all", {"fr"}) == "fr"
    assert detect_language("Chiffre d'affaires du groupe", {"en", "fr"}) == "fr"
    assert detect_language("1234", {"en", "fr"}) == ""


def test_detector_is_built_once_by_many_threads() -> None:
    detector = LanguageDetector()
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(detector.detect, ["Where is the station, please?"] * 8))
    assert found == ["en"] * 8
