from __future__ import annotations

import json
import logging
import math
import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import tantivy
from hypothesis import given, settings
from hypothesis import strategies as st

from retrieval.analysis import query_terms, terms
from retrieval.errors import DataFolderInUse
from retrieval.lexical import LexicalEntry, LexicalHit, LexicalIndex
from retrieval.lexical_query import register_tokenizer
from retrieval.types import Scope

EVERYTHING = Scope(collections=frozenset(range(4)))
ROOT = Path(__file__).parents[2]

entries = st.lists(
    st.builds(
        lambda document, words: (document, words),
        st.integers(0, 8),
        st.lists(st.sampled_from("abcdefghij"), max_size=12),
    ),
    max_size=25,
)


@pytest.fixture
def index(tmp_path: Path) -> Iterator[LexicalIndex]:
    opened = LexicalIndex(tmp_path / "lexical", "g1")
    yield opened
    opened.close()


def entry(chunk_id: int, document_id: int, *words: str) -> LexicalEntry:
    """A chunk whose collection is the document's number modulo 4."""
    return LexicalEntry(chunk_id, document_id, document_id % 4, words)


def found(hits: Sequence[LexicalHit]) -> list[int]:
    return [hit.chunk_id for hit in hits]


class Bm25:
    """BM25 as in Robertson and Zaragoza, k1 = 1.2, b = 0.75, with Lucene's idf."""

    def __init__(self, chunks: Sequence[LexicalEntry]) -> None:
        self.chunks = chunks
        self.frequency = Counter(term for chunk in chunks for term in set(chunk.terms))
        # The index counts its status document among the documents.
        self.total = len(chunks) + 1
        self.mean = sum(len(chunk.terms) for chunk in chunks) / self.total

    def score(self, chunk: LexicalEntry, query: Sequence[tuple[str, ...]]) -> float:
        return sum(max(self._term(chunk, term) for term in variants) for variants in query)

    def _term(self, chunk: LexicalEntry, term: str) -> float:
        count = list(chunk.terms).count(term)
        if count == 0:
            return 0.0
        holding = self.frequency[term]
        idf = math.log(1 + (self.total - holding + 0.5) / (holding + 0.5))
        norm = 1.2 * (1 - 0.75 + 0.75 * len(chunk.terms) / self.mean)
        return idf * count * 2.2 / (count + norm)


@settings(deadline=None, max_examples=40)
@given(
    rows=entries,
    removed=st.sets(st.integers(0, 8)),
    query=st.lists(
        st.lists(st.sampled_from("abcdefghijk"), min_size=1, max_size=2).map(tuple),
        max_size=4,
        unique=True,
    ),
    scope=st.builds(
        Scope,
        st.frozensets(st.integers(0, 5)),
        st.frozensets(st.integers(0, 9), max_size=4),
        st.frozensets(st.integers(0, 9), max_size=4),
    ),
    k=st.integers(0, 30),
)
def test_search_agrees_with_bm25_inside_the_scope(
    tmp_path_factory: pytest.TempPathFactory,
    rows: list[tuple[int, list[str]]],
    removed: set[int],
    query: list[tuple[str, ...]],
    scope: Scope,
    k: int,
) -> None:
    chunks = [entry(i, document, *words) for i, (document, words) in enumerate(rows)]
    alive = [chunk for chunk in chunks if chunk.document_id not in removed]
    index = LexicalIndex(tmp_path_factory.mktemp("lexical"))
    index.add(chunk for chunk in chunks if chunk.document_id in removed)
    for document_id in removed:
        index.remove_document(document_id)
    index.add(alive)
    index.commit(1)
    hits = index.search(query, scope, k)
    index.close()

    oracle = Bm25(alive)
    scores = {
        chunk.chunk_id: oracle.score(chunk, query)
        for chunk in alive
        if scope.allows(chunk.collection_id, chunk.document_id)
    }
    matching = {chunk_id: score for chunk_id, score in scores.items() if score > 0}
    assert set(found(hits)) <= matching.keys()
    assert len(hits) == min(k, len(matching))
    if not removed:
        # Until their segment is merged, removed chunks still count in the statistics.
        best = sorted(matching.values(), reverse=True)[:k]
        assert [hit.score for hit in hits] == pytest.approx(best, rel=1e-3)
        assert all(hit.score == pytest.approx(scores[hit.chunk_id], rel=1e-3) for hit in hits)
    assert len(index_ids := found(hits)) == len(set(index_ids))
    assert hits == sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))


@settings(deadline=None, max_examples=60)
@given(
    st.text(st.characters(), max_size=60)
    | st.text(st.sampled_from("\"'()[]{}:^~*\\/+-&| \x00\ud800aé9漢AND OR NOT"), max_size=60)
)
def test_any_text_finds_itself(hostile: LexicalIndex, text: str) -> None:
    words = query_terms(text, ["en"])
    hostile.remove_document(5)
    hostile.add([LexicalEntry(50, 5, 1, terms(text, "en"))])
    hostile.commit(hostile.seq + 1)
    hits = hostile.search(words, Scope(documents=frozenset({5})), 5)
    assert found(hits) == ([50] if words else [])


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LexicalIndex]:
    opened = LexicalIndex(tmp_path_factory.mktemp("hostile"))
    yield opened
    opened.close()


def test_raw_hostile_query_terms_are_harmless(index: LexicalIndex) -> None:
    index.add([entry(1, 1, "AND", '"x', "terms:a", "\x00", "*")])
    index.commit(1)
    for term in ("AND", '"x', "terms:a", "\x00", "*"):
        assert found(index.search([(term,)], EVERYTHING, 3)) == [1]
    assert index.search([("a* OR status",)], EVERYTHING, 3) == []
    assert index.search([("status",), ("",)], EVERYTHING, 3) == []


def test_variants_of_a_word_count_once(index: LexicalIndex) -> None:
    index.add([entry(1, 1, "nation", "national"), entry(2, 2, "nation", "other")])
    index.commit(1)
    one = index.search([("nation", "national")], EVERYTHING, 5)[0]
    assert one.score == max(
        hit.score
        for word in ("nation", "national")
        for hit in index.search([(word,)], EVERYTHING, 5)
        if hit.chunk_id == 1
    )


def test_scope_fills_the_top_k_and_leaves_scores_alone(index: LexicalIndex) -> None:
    index.add(entry(i, i // 10, "word", *["more"] * (i % 7)) for i in range(2000))
    index.commit(1)
    everywhere = {hit.chunk_id: hit.score for hit in index.search([("word",)], EVERYTHING, 2000)}
    scope = Scope(documents=frozenset(range(0, 200, 2)) | frozenset(range(10**6, 10**6 + 5000)))
    hits = index.search([("word",)], scope, 800)
    assert len(hits) == 800
    assert all(hit.score == everywhere[hit.chunk_id] for hit in hits)
    assert all(hit.document_id in scope.documents for hit in hits)


def test_empty_scope_or_query_finds_nothing(index: LexicalIndex) -> None:
    index.add([entry(1, 1, "word")])
    index.commit(1)
    assert index.search([("word",)], Scope(), 5) == []
    assert index.search([], EVERYTHING, 5) == []
    assert index.search([()], EVERYTHING, 5) == []
    assert index.search([("word",)], EVERYTHING, 0) == []


def test_a_new_collection_is_outside_the_old_scope(tmp_path: Path) -> None:
    first = Scope(collections=frozenset({1}))
    index = LexicalIndex(tmp_path)
    index.add([entry(1, 1, "word")])
    index.commit(1)
    assert found(index.search([("word",)], first, 5)) == [1]
    index.add([entry(2, 2, "word")])
    assert found(index.search([("word",)], first, 5)) == [1]
    index.commit(2)
    assert found(index.search([("word",)], first, 5)) == [1]
    index.close()
    index = LexicalIndex(tmp_path)
    assert found(index.search([("word",)], first, 5)) == [1]
    assert found(index.search([("word",)], Scope(frozenset({1, 2})), 5)) == [1, 2]
    index.close()


def test_common_words_of_a_large_index_only_rank(tmp_path: Path) -> None:
    plain, large = LexicalIndex(tmp_path / "1"), LexicalIndex(tmp_path / "2", common_from=100)
    for index in (plain, large):
        index.add(entry(i, i % 40, "the", *["rare"] * (i % 50 == 0)) for i in range(1000))
        index.commit(1)
    for words in ([("the",), ("rare",)], [("the",)], [("rare", "the")]):
        for k in (20, 100):
            hits = large.search(words, EVERYTHING, k)
            assert len(hits) == k
            assert hits == plain.search(words, EVERYTHING, k)
    plain.close()
    large.close()


def test_uncommitted_changes_are_neither_seen_nor_kept(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path)
    index.add([entry(1, 1, "word")])
    index.commit(7)
    index.add([entry(2, 1, "word")])
    index.remove_document(1)
    assert found(index.search([("word",)], EVERYTHING, 5)) == [1]
    index.close()
    index = LexicalIndex(tmp_path)
    assert (index.seq, len(index)) == (7, 1)
    assert found(index.search([("word",)], EVERYTHING, 5)) == [1]
    index.close()


def test_removed_documents_are_found_no_more(index: LexicalIndex) -> None:
    index.add([entry(1, 1, "word"), entry(2, 2, "word"), entry(3, 2, "word")])
    index.commit(1)
    index.remove_document(2)
    index.remove_document(99)
    index.commit(2)
    assert found(index.search([("word",)], EVERYTHING, 5)) == [1]
    assert len(index) == 1


def test_clear_leaves_no_word_in_the_files(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path)
    index.add([entry(1, 1, "zanzibarcanary")])
    index.commit(3)
    index.clear()
    assert (index.seq, len(index)) == (0, 0)
    index.add([entry(1, 1, "word")])
    index.commit(4)
    index.close()
    assert not any(b"zanzibarcanary" in path.read_bytes() for path in tmp_path.iterdir())


def test_second_writer_is_refused(tmp_path: Path) -> None:
    index = LexicalIndex(tmp_path)
    with pytest.raises(DataFolderInUse):
        LexicalIndex(tmp_path)
    index.close()
    LexicalIndex(tmp_path).close()


def test_foreign_generation_starts_empty(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    _fill(tmp_path)
    caplog.set_level(logging.INFO)
    index = LexicalIndex(tmp_path, "g2")
    assert (index.seq, len(index)) == (0, 0)
    index.close()
    assert "generation" in caplog.text
    assert "g1" in caplog.text


@pytest.mark.parametrize(
    "status", ['{"format": 2, "generation": "g1", "seq": 2}', '{"format": 1}', "[]", "no JSON"]
)
def test_unknown_status_starts_empty(tmp_path: Path, status: str) -> None:
    _fill(tmp_path)
    index = tantivy.Index.open(str(tmp_path))
    register_tokenizer(index)
    document = tantivy.Document()
    document.add_text("key", "status")
    document.add_text("value", status)
    writer = index.writer(num_threads=1)
    writer.delete_documents_by_query(tantivy.Query.term_query(index.schema, "key", "status"))
    writer.add_document(document)
    writer.commit()
    writer.wait_merging_threads()
    opened = LexicalIndex(tmp_path, "g1")
    assert (opened.seq, len(opened)) == (0, 0)
    opened.close()


@pytest.mark.parametrize("kind", ["fast", "fieldnorm", "idx", "store", "term", "del"])
@pytest.mark.parametrize("damage", ["flip", "cut", "zero", "missing"])
def test_damaged_files_start_empty_and_are_rebuilt(
    tmp_path: Path, kind: str, damage: str, caplog: pytest.LogCaptureFixture
) -> None:
    _fill(tmp_path)
    _damage(max(tmp_path.glob(f"*.{kind}"), key=lambda path: path.stat().st_size), damage)
    caplog.set_level(logging.INFO)
    index = LexicalIndex(tmp_path, "g1")
    assert (index.seq, len(index)) == (0, 0)
    assert kind in caplog.text
    index.add([entry(1, 1, "word")])
    index.commit(1)
    assert found(index.search([("word",)], EVERYTHING, 5)) == [1]
    index.close()


@pytest.mark.parametrize("text", ["", "{}", "[]", "null", '{"segments": [{}]}', '{"segments": 3}'])
def test_damaged_metadata_starts_empty(tmp_path: Path, text: str) -> None:
    _fill(tmp_path)
    path = tmp_path / "meta.json"
    path.chmod(0o600)
    path.write_text(text)
    index = LexicalIndex(tmp_path, "g1")
    assert index.seq == 0
    index.close()


def _fill(folder: Path) -> None:
    index = LexicalIndex(folder, "g1")
    index.add(entry(i, i // 10, "word", f"w{i}", f"v{i % 9}") for i in range(500))
    index.commit(1)
    index.remove_document(3)
    index.commit(2)
    index.close()


def _damage(path: Path, damage: str) -> None:
    path.chmod(0o600)
    data = bytearray(path.read_bytes())
    if damage == "missing":
        path.unlink()
        return
    if damage == "flip":
        data[len(data) // 3] ^= 4
    elif damage == "cut":
        data = data[: len(data) // 2]
    else:
        data = bytearray(len(data))
    path.write_bytes(data)


_ENDLESS = """
import sys
from pathlib import Path
from retrieval.lexical import LexicalEntry, LexicalIndex
index = LexicalIndex(Path(sys.argv[1]))
while True:
    seq = index.seq + 1
    index.add(LexicalEntry(seq * 10 + i, seq, 0, ["word", f"w{seq}"]) for i in range(5))
    if seq > 3:
        index.remove_document(seq - 3)
    index.commit(seq)
    print(seq, flush=True)
"""


@pytest.mark.parametrize("milliseconds", [0, 3, 11, 23, 40])
def test_killed_writer_leaves_a_whole_commit(tmp_path: Path, milliseconds: int) -> None:
    child = subprocess.Popen(
        [sys.executable, "-c", _ENDLESS, str(tmp_path)], stdout=subprocess.PIPE, text=True, cwd=ROOT
    )
    assert child.stdout is not None
    acknowledged = [int(child.stdout.readline()) for _ in range(6)][-1]
    time.sleep(milliseconds / 1000)
    os.kill(child.pid, signal.SIGKILL)
    rest = child.stdout.read().split("\n")
    child.stdout.close()
    child.wait()
    acknowledged = max([acknowledged, *(int(line) for line in rest if line)])

    index = LexicalIndex(tmp_path)
    assert index.seq >= acknowledged
    scope = Scope(collections=frozenset({0}))
    documents = Counter(hit.document_id for hit in index.search([("word",)], scope, 100))
    assert documents == {index.seq - age: 5 for age in range(3)}
    index.commit(index.seq + 1)
    index.close()


def test_searches_beside_commits_see_whole_documents(index: LexicalIndex) -> None:
    stop = threading.Event()

    def halves() -> list[int]:
        found: list[int] = []
        while not stop.is_set():
            hits = index.search([("word",)], EVERYTHING, 1000)
            found.extend(n for n in Counter(hit.document_id for hit in hits).values() if n != 5)
        return found

    with ThreadPoolExecutor(3) as pool:
        searches = [pool.submit(halves) for _ in range(3)]
        try:
            for seq in range(1, 15):
                index.add(entry(seq * 10 + i, seq, "word") for i in range(5))
                index.remove_document(seq - 4)
                index.commit(seq)
        finally:
            stop.set()
    assert [search.result() for search in searches] == [[], [], []]


def test_ids_that_no_row_can_have_are_harmless(index: LexicalIndex) -> None:
    index.add([entry(1, 1, "word")])
    index.remove_document(-1)
    index.commit(1)
    odd = frozenset({-1, 2**63, 2**70})
    assert index.search([("word",)], Scope(odd, odd), 5) == []
    assert found(index.search([("word",)], Scope(odd | {1}, odd), 5)) == [1]


def test_status_is_kept_in_the_commit_itself(tmp_path: Path) -> None:
    _fill(tmp_path)
    segments = json.loads((tmp_path / "meta.json").read_text())["segments"]
    living = sum(
        one["max_doc"] - (one["deletes"] or {}).get("num_deleted_docs", 0) for one in segments
    )
    assert living == 491
