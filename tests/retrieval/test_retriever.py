"""Nothing outside the scope, always a full top k, whatever comes and goes."""

from __future__ import annotations

import random
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.contents import visible_documents
from retrieval.database import Database
from retrieval.faiss_tiers import Tiers
from retrieval.fusion import FusionWeights
from retrieval.indexes import Indexes
from retrieval.retriever import Retriever, RetrieverOptions
from retrieval.store import delete_document
from retrieval.types import Hit, Scope
from tests.retrieval.filling import EMBEDDER, a_collection, all_of, published

WORDS = ["garden", "wall", "library", "gate", "roof", "bell", "abbot", "vine", "cellar", "bread"]
EVERYTHING = Scope(collections=frozenset(range(1, 20)))


@dataclass(frozen=True, slots=True)
class Place:
    """A database with a retriever over it."""

    database: Database
    indexes: Indexes
    retriever: Retriever

    def put(self, collection: int, name: str, *texts: str) -> int:
        return published(self.database, collection, name, *texts)

    def remove(self, document: int) -> None:
        with self.database.write() as connection:
            delete_document(connection, document)

    def find(self, query: str, scope: Scope, k: int = 10) -> list[Hit]:
        return list(self.retriever.retrieve(query, scope, k).hits)


@contextmanager
def over(
    database: Database,
    folder: Path,
    tiers: Tiers | None = None,
    options: RetrieverOptions | None = None,
) -> Iterator[Place]:
    with closing(Indexes(database, EMBEDDER.model, folder / "indexes", tiers=tiers)) as indexes:
        yield Place(database, indexes, Retriever(database, EMBEDDER, indexes, options))


@pytest.fixture
def place(database: Database, tmp_path: Path) -> Iterator[Place]:
    with over(database, tmp_path) as place:
        yield place


def texts(count: int, seed: int) -> list[str]:
    chosen = random.Random(seed)
    return [f"{' '.join(chosen.choices(WORDS, k=6))} n{seed}x{n}" for n in range(count)]


def test_a_hit_tells_where_it_comes_from(place: Place) -> None:
    collection = a_collection(place.database)
    place.put(collection, "bells.txt", "The bell rings at noon.", "The gate is closed.")
    place.indexes.maintain()
    hits = place.find("When does the bell ring?", all_of(collection))
    assert hits[0].stored.chunk.text == "The bell rings at noon."
    assert hits[0].dense_rank == hits[0].lexical_rank == 1
    assert hits[0].lexical_score is not None
    assert [hit.score for hit in hits] == sorted((hit.score for hit in hits), reverse=True)


def test_a_deleted_document_is_gone_from_the_very_next_search(place: Place) -> None:
    collection = a_collection(place.database)
    gone = place.put(collection, "a.txt", "garden wall")
    kept = place.put(collection, "b.txt", "garden gate")
    place.indexes.maintain()
    assert len(place.find("garden wall", all_of(collection))) == 2
    place.remove(gone)
    hits = place.find("garden wall", all_of(collection))
    assert [hit.stored.document_id for hit in hits] == [kept]


def test_a_new_document_is_found_by_the_very_next_search(place: Place) -> None:
    collection = a_collection(place.database)
    place.put(collection, "a.txt", "garden wall")
    assert len(place.find("garden", all_of(collection))) == 1


def test_nobody_sees_anything_through_an_empty_scope(place: Place) -> None:
    place.put(a_collection(place.database), "a.txt", "garden wall")
    place.indexes.maintain()
    assert place.find("garden wall", Scope()) == []
    assert place.find("garden wall", Scope(documents=frozenset({77}))) == []


def test_each_chunks_own_words_find_it(place: Place) -> None:
    collection = a_collection(place.database)
    for number in range(20):
        place.put(collection, f"{number}.txt", *texts(5, number))
    place.indexes.maintain()
    for number in range(20):
        for text in texts(5, number):
            assert place.find(text, all_of(collection), 1)[0].stored.chunk.text == text


def test_the_weights_can_be_chosen(place: Place) -> None:
    collection = a_collection(place.database)
    place.put(collection, "a.txt", "garden garden garden")
    place.put(collection, "b.txt", "garden wall")
    place.indexes.maintain()
    only_dense = RetrieverOptions(weights=FusionWeights(dense=1.0, name=0.0))
    found = place.retriever.with_options(only_dense).retrieve("wall", all_of(collection), 2)
    assert [hit.score for hit in found.hits] == [1.0, 0.0]


@pytest.mark.parametrize("query", ["", " ", "\0", "\ud800", "?", "a" * 100_000, "😀 書 كتاب"])
def test_any_question_is_answered_with_what_there_is(place: Place, query: str) -> None:
    collection = a_collection(place.database)
    place.put(collection, "a.txt", "garden wall", "library gate")
    place.indexes.maintain()
    assert len(place.find(query, all_of(collection))) == 2


@dataclass(frozen=True, slots=True)
class Case:
    """Documents as (collection, chunks, deleted, indexed), and grants with a question each.

    Grants are of collections and of documents, except some documents.
    """

    documents: list[tuple[int, int, bool, bool]]
    questions: list[tuple[set[int], set[int], set[int], str, int]]


FEW = RetrieverOptions(candidates=5)
TINY = {
    "exact": Tiers(tail_rows=8),
    "ivf": Tiers(ivf_from=10, nprobe=1, exact_rows=0, tail_rows=8),
    "ivf-sq8": Tiers(ivf_from=10, sq8_from=40, nprobe=1, exact_rows=2, tail_rows=8),
}
"""So that each search cuts off, and each tier serves, with a few dozen chunks."""

_document = st.tuples(st.integers(0, 3), st.integers(1, 9), st.booleans(), st.booleans())
_question = st.tuples(
    st.sets(st.integers(0, 3)),
    st.sets(st.integers(0, 19)),
    st.sets(st.integers(0, 19), max_size=4),
    st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
    st.integers(1, 30),
)
_cases = st.builds(
    Case, st.lists(_document, max_size=20), st.lists(_question, min_size=1, max_size=6)
)


@settings(max_examples=30, deadline=None)
@given(case=_cases, tier=st.sampled_from(sorted(TINY)))
def test_never_an_id_outside_the_scope_and_always_a_full_top_k(
    case: Case, tier: str, tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("case")
    with closing(Database(f"sqlite:///{folder}/cloister.db")) as database:
        database.migrate()
        collections = [a_collection(database, f"collection {n}") for n in range(4)]
        with over(database, folder, TINY[tier], FEW) as place:
            visible = fill(place, collections, case)
            check_questions(place, collections, visible, case)


def fill(place: Place, collections: list[int], case: Case) -> list[tuple[int, int, int]]:
    """The visible documents as (collection, id, chunks); 0 chunks for a deleted one."""
    visible = []
    for number, (collection, chunks, deleted, indexed) in enumerate(case.documents):
        document = place.put(collections[collection], f"{number}.txt", *texts(chunks, number))
        if indexed:
            place.indexes.maintain()
        if deleted:
            place.remove(document)
        visible.append((collections[collection], document, 0 if deleted else chunks))
    return visible


def check_questions(
    place: Place, collections: list[int], visible: list[tuple[int, int, int]], case: Case
) -> None:
    for collection_grants, document_grants, exceptions, query, k in case.questions:
        scope = Scope(
            frozenset(collections[n] for n in collection_grants),
            frozenset(visible[n][1] for n in document_grants if n < len(visible)),
            frozenset(visible[n][1] for n in exceptions if n < len(visible)),
        )
        allowed = {
            document: chunks
            for collection, document, chunks in visible
            if (collection in scope.collections or document in scope.documents)
            and document not in scope.excluded
        }
        hits = place.find(query, scope, k)
        assert len(hits) == min(k, sum(allowed.values()))
        assert {hit.stored.document_id for hit in hits} <= set(allowed)
        assert len({hit.stored.id for hit in hits}) == len(hits)


def test_searching_goes_on_while_documents_come_and_go(database: Database, tmp_path: Path) -> None:
    """A document that is replaced all the time is found in each search, in one version."""
    one, two = a_collection(database, "one"), a_collection(database, "two")
    ended = threading.Event()

    def change(place: Place) -> None:
        for number in range(40):
            place.put(one, "changing.txt", f"the vine in version {number}", "cellar")
            passing = place.put(two, f"{number}.txt", *texts(3, number))
            if number % 2:
                place.remove(passing)
        ended.set()

    def maintain(place: Place) -> None:
        while not ended.is_set():
            place.indexes.maintain()

    def search(place: Place) -> int:
        searches = 0
        while not ended.is_set():
            found = place.find("the vine in version", all_of(one), 5)
            assert sorted(hit.stored.chunk.text for hit in found)[0] == "cellar"
            assert len(found) == 2, [hit.stored.chunk.text for hit in found]
            both = place.find("garden vine", all_of(one, two), 3)
            assert len(both) >= 2
            searches += 1
        return searches

    with over(database, tmp_path) as place, ThreadPoolExecutor(4) as pool:
        place.put(one, "changing.txt", "the vine in version first", "cellar")
        tasks = [pool.submit(search, place), pool.submit(search, place)]
        background = [pool.submit(change, place), pool.submit(maintain, place)]
        try:
            for task in background:
                task.result()
        finally:
            ended.set()
        assert all(task.result() > 0 for task in tasks)


def test_what_is_replaced_is_there_at_every_moment(place: Place) -> None:
    """Even where a version was replaced itself before the indexes came to it."""
    collection, dense = a_collection(place.database), place.indexes.dense
    first = place.put(collection, "a.txt", "garden")
    place.indexes.catch_up()
    others = [place.put(collection, f"{n}.txt", "wall") for n in range(50)]
    latest = [place.put(collection, "a.txt", f"garden {n}") for n in range(150)][-1]
    with ThreadPoolExecutor() as pool:
        following = pool.submit(place.indexes.catch_up)
        seen = {first}
        while not following.done():
            documents = dense.documents()
            assert documents & {first, latest}
            seen |= documents
        following.result()
    assert seen | dense.documents() == {first, latest, *others}


def test_held_indexes_stay_at_the_state_that_is_read(place: Place) -> None:
    collection, indexes = a_collection(place.database), place.indexes
    first = place.put(collection, "a.txt", "garden")
    with ThreadPoolExecutor() as pool:
        with indexes.held() as connection:
            second = place.put(collection, "a.txt", "wall")
            following = pool.submit(indexes.catch_up)
            assert visible_documents(connection) == [first]
            assert not wait([following], 0.2).done
            assert indexes.dense.documents() == {first}
        following.result()
    assert indexes.dense.documents() == {second}
