from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from retrieval.retriever import Retrieval
from retrieval.support import features_of, support_of
from retrieval.types import Scope
from tests.fixtures.library import ENGLISH, Library, library


@pytest.fixture(scope="module")
def books(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Library]:
    folder: Path = tmp_path_factory.mktemp("support")
    with library(folder, ENGLISH) as made:
        yield made


def retrieved(books: Library, question: str) -> Retrieval:
    return books.retriever.retrieve(question, books.scope, 8)


def test_a_question_about_the_documents_has_more_support_than_a_foreign_one(books: Library) -> None:
    near = retrieved(books, "What is the notice period of this lease?")
    far = retrieved(books, "Which volcano erupted in Iceland?")
    assert 0.0 <= support_of(far) < support_of(near) <= 1.0


def test_nothing_retrieved_has_no_support(books: Library) -> None:
    assert support_of(books.retriever.retrieve("lease", Scope(), 8)) == 0.0


def test_the_share_of_words_found_is_between_none_and_all(books: Library) -> None:
    assert features_of(retrieved(books, "notice period lease"))[2] == 1.0
    assert features_of(retrieved(books, "volcano"))[2] == 0.0
