from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrieval.analysis import query_terms, terms
from retrieval.name_index import NameIndex, without_extension


def index_of(names: dict[int, str]) -> NameIndex:
    index = NameIndex()
    for document_id, name in names.items():
        index.add(document_id, terms(without_extension(name), "en"))
    return index


@pytest.mark.parametrize(
    ("name", "stem"),
    [
        ("report.pdf", "report"),
        ("notes v1.5", "notes v1.5"),
        ("archive.tar.gz", "archive.tar"),
        (".pdf", ".pdf"),
        ("", ""),
        ("Rapport annuel", "Rapport annuel"),
    ],
)
def test_extension_is_dropped(name: str, stem: str) -> None:
    assert without_extension(name) == stem


def test_rare_words_of_a_name_weigh_more() -> None:
    index = index_of(
        {1: "PEPSICO_2022_10K.pdf", 2: "PEPSICO_2021_10K.pdf", 3: "BOEING_2022_10K.pdf"}
    )
    query = query_terms("What was PepsiCo's revenue in FY2022, by its 10K?", ["en"])
    scores = index.scores(query, [1, 2, 3])
    assert scores[1] == 1.0
    assert 0.0 < scores[2] < 1.0
    assert 0.0 < scores[3] < 1.0


def test_a_word_of_every_name_says_nothing() -> None:
    index = index_of({1: "report a.pdf", 2: "report b.pdf"})
    assert index.scores(query_terms("the report", ["en"]), [1, 2]) == {}


def test_only_asked_documents_are_scored() -> None:
    index = index_of({1: "alpha.pdf", 2: "alpha two.pdf", 3: "beta.pdf"})
    assert set(index.scores(query_terms("alpha", ["en"]), [2, 3, 99])) == {2}


def test_removed_and_renamed_documents_leave_nothing_behind() -> None:
    index = index_of({1: "alpha.pdf", 2: "beta.pdf", 3: "gamma.pdf"})
    index.remove(1)
    index.remove(1)
    index.add(2, ["delta"])
    assert len(index) == 2
    assert index.scores([("alpha",), ("beta",)], [1, 2, 3]) == {}
    assert index.scores([("delta",)], [1, 2, 3]) == {2: 1.0}


@given(
    st.dictionaries(st.integers(0, 20), st.sets(st.sampled_from("abcdef")), max_size=12),
    st.sets(st.integers(0, 20)),
    st.lists(st.lists(st.sampled_from("abcdefgh"), min_size=1, max_size=3).map(tuple), max_size=5),
)
def test_scores_are_shares(
    names: dict[int, set[str]], removed: set[int], query: list[tuple[str, ...]]
) -> None:
    index, fresh = NameIndex(), NameIndex()
    for document_id, words in names.items():
        index.add(document_id, words)
    for document_id in removed:
        index.remove(document_id)
    for document_id in names.keys() - removed:
        fresh.add(document_id, names[document_id])
    found = index.scores(query, list(range(21)))
    assert found == fresh.scores(query, list(range(21)))
    assert found.keys() <= names.keys() - removed
    assert all(0.0 < score <= 1.0 + 1e-9 for score in found.values())
