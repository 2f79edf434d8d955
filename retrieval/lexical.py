"""BM25 over tantivy: a projection of the store on disk, rebuilt on any doubt.

Terms come ready from ``analysis``; here they are only counted. BM25 has tantivy's fixed k1 = 1.2
and b = 0.75. SQL stays the truth: ``seq`` says how far the index has followed it.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import tantivy

from retrieval.errors import DataFolderInUse
from retrieval.lexical_query import (
    ROW_IDS,
    any_of,
    chunk_schema,
    inside_scope,
    register_tokenizer,
    term_query,
)
from retrieval.segments import SegmentsDamaged, check_segments
from retrieval.types import Scope

FORMAT_VERSION = 1

_LOG = logging.getLogger(__name__)

_HEAP_BYTES = 64_000_000
_STATUS_KEY = "status"

COMMON_FROM = 50_000
"""In an index of so many chunks a word that over a tenth of them hold adds to scores, but no chunk
is found for it alone. Over a million synthetic chunks: p95 32 -> 20 ms, the first ten the same in
1,000 of 1,000 places; forced on five question sets, hit@1 and MRR@10 stay the same."""

_COMMON_SHARE = 0.1

_COLLECTIONS_COUNTED = 10_000
_UNKNOWN_COLLECTION = -1


@dataclass(frozen=True, slots=True)
class LexicalEntry:
    """A chunk to be indexed, with its terms from ``analysis.terms``."""

    chunk_id: int
    document_id: int
    collection_id: int
    terms: Sequence[str]


@dataclass(frozen=True, slots=True)
class LexicalHit:
    """A chunk found, with its raw BM25 score."""

    chunk_id: int
    document_id: int
    score: float


@dataclass(frozen=True, slots=True)
class _View:
    """One commit as searches see it; ``collections`` are at least those of its chunks."""

    searcher: tantivy.Searcher
    collections: frozenset[int]


class _IndexInvalid(Exception):
    """The folder holds no index that can be trusted."""


class LexicalIndex:
    """The BM25 index in one folder, which it owns.

    Any number of threads may search while one thread adds, removes and commits. What was added and
    removed is found from the next ``commit`` on, and survives from then on. Where the disk does not
    take it, ``OSError`` is raised, and all since the last ``commit`` must be done again.
    """

    def __init__(self, folder: Path, generation: str = "", common_from: int = COMMON_FROM) -> None:
        """Open the index in ``folder``, or start an empty one there, at ``seq`` 0.

        It starts empty, with a log line that says why, where the files are damaged or were written
        for another ``generation`` (the caller's name for how its terms are made) or by another
        release. Raises ``DataFolderInUse`` where another process is writing there.
        """
        self._folder = folder
        self._generation = generation
        self._common_from = common_from
        self._lock = threading.Lock()
        try:
            self._open()
        except _IndexInvalid as invalid:
            _LOG.info("lexical index in %s starts empty: %s", folder, invalid)
            self._start_empty()

    @property
    def seq(self) -> int:
        """The last ``seq`` that was committed, 0 at the start."""
        return self._seq

    def __len__(self) -> int:
        return max(0, self._view.searcher.num_docs - 1)

    def add(self, entries: Iterable[LexicalEntry]) -> None:
        """Index chunks. A chunk that is indexed already must be removed first."""
        with self._writing():
            for entry in entries:
                document = tantivy.Document()
                # Only add_unsigned types integers so that the writer survives them.
                document.add_unsigned("chunk_id", entry.chunk_id)
                document.add_unsigned("document_id", entry.document_id)
                document.add_unsigned("collection_id", entry.collection_id)
                document.add_text("terms", " ".join(entry.terms))
                self._writer.add_document(document)
                self._collections.add(entry.collection_id)

    def remove_document(self, document_id: int) -> None:
        """Remove every chunk of a document that was added before; an unknown one is no error."""
        if document_id not in ROW_IDS:
            return
        with self._writing():
            self._writer.delete_documents_by_query(
                term_query(self._schema, "document_id", document_id)
            )

    def commit(self, seq: int) -> None:
        """Make everything before durable and visible, together with ``seq``."""
        with self._writing():
            self._commit(seq)

    def clear(self) -> None:
        """Forget everything, ``seq`` too, and take the files away."""
        with self._writing():
            self._writer.delete_all_documents()
            self._collections.clear()
            self._commit(0)
            self._writer.garbage_collect_files()

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """Go back to the last commit where the writer fails: once it did, it never works again."""
        with self._lock:
            try:
                yield
            except ValueError as error:
                self._writer.rollback()
                raise OSError(f"The lexical index could not be written: {error}") from error

    def close(self) -> None:
        """Give the folder free. What was not committed is lost; the index is not used again."""
        with self._lock:
            self._writer.rollback()
            self._writer.wait_merging_threads()

    def search(self, query: Sequence[tuple[str, ...]], scope: Scope, k: int) -> list[LexicalHit]:
        """The ``k`` best chunks inside ``scope``, by falling score and then rising chunk id.

        ``query`` holds the variants of each word: a chunk scores a word once, by its best variant.
        Chunks without any of the words are not found.
        """
        view = self._view
        words = [variants for variants in query if variants]
        if not words or k <= 0 or not (scope.collections or scope.documents):
            return []
        sees_all = view.collections <= scope.collections and not scope.excluded
        inside = None if sees_all else inside_scope(self._schema, scope)
        leading = self._leading(words, view.searcher)
        hits = self._search(view.searcher, leading, words, inside, k)
        if len(hits) < k and len(leading) < len(words):
            hits = self._search(view.searcher, words, words, inside, k)
        return hits

    def _leading(
        self, words: list[tuple[str, ...]], searcher: tantivy.Searcher
    ) -> list[tuple[str, ...]]:
        """The words that chunks are found for; in a large index not the common ones."""
        if searcher.num_docs < self._common_from:
            return words
        common = _COMMON_SHARE * searcher.num_docs
        rare = [
            variants
            for variants in words
            if all(searcher.doc_freq("terms", variant) <= common for variant in variants)
        ]
        return rare or words

    def _search(
        self,
        searcher: tantivy.Searcher,
        leading: list[tuple[str, ...]],
        words: list[tuple[str, ...]],
        inside: tantivy.Query | None,
        k: int,
    ) -> list[LexicalHit]:
        """The best chunks that hold one of the ``leading`` words, scored by all ``words``."""
        clauses = [(tantivy.Occur.Must, any_of(self._schema, leading))]
        if inside is not None:
            clauses.append((tantivy.Occur.Must, inside))
        rest = [variants for variants in words if variants not in leading]
        if rest:
            clauses.append((tantivy.Occur.Should, any_of(self._schema, rest)))
        # A query of one clause lets tantivy skip blocks that cannot reach the first k.
        whole = tantivy.Query.boolean_query(clauses) if clauses[1:] else clauses[0][1]
        found = searcher.search(whole, limit=k, count=False).hits
        addresses = [address for _, address in found]
        hits = [
            LexicalHit(int(chunk_id or 0), int(document_id or 0), float(score))
            for (score, _), chunk_id, document_id in zip(
                found,
                searcher.fast_field_values("chunk_id", addresses),
                searcher.fast_field_values("document_id", addresses),
                strict=True,
            )
        ]
        return sorted(hits, key=lambda hit: (-hit.score, hit.chunk_id))

    def _open(self) -> None:
        if not (self._folder / "meta.json").exists():
            raise _IndexInvalid("there is none yet")
        try:
            check_segments(self._folder)
            self._use(tantivy.Index.open(str(self._folder)))
            self._seq = self._stored_seq()
            self._collections = self._stored_collections()
        except (SegmentsDamaged, ValueError, OSError, KeyError, TypeError) as error:
            raise _IndexInvalid(str(error)) from error
        self._lock_folder()
        self._show()

    def _start_empty(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        for path in self._folder.iterdir():
            if not path.is_dir():
                path.unlink()
        self._use(tantivy.Index(chunk_schema(), path=str(self._folder)))
        self._collections = set()
        self._lock_folder()
        self._commit(0)

    def _use(self, index: tantivy.Index) -> None:
        register_tokenizer(index)
        index.config_reader("manual")
        index.reload()
        self._index, self._schema = index, index.schema

    def _lock_folder(self) -> None:
        try:
            self._writer = self._index.writer(_HEAP_BYTES, num_threads=1)
        except ValueError as error:
            raise DataFolderInUse(f"Another process writes to {str(self._folder)!r}.") from error

    def _commit(self, seq: int) -> None:
        self._write_status(seq)
        self._writer.commit()
        self._index.reload()
        self._show()
        self._seq = seq

    def _show(self) -> None:
        self._view = _View(self._index.searcher(), frozenset(self._collections))

    def _write_status(self, seq: int) -> None:
        """Replace the one document that carries the status: tantivy-py has no commit payload."""
        status = {"format": FORMAT_VERSION, "generation": self._generation, "seq": seq}
        document = tantivy.Document()
        document.add_text("key", _STATUS_KEY)
        document.add_text("value", json.dumps(status))
        self._writer.delete_documents_by_query(term_query(self._schema, "key", _STATUS_KEY))
        self._writer.add_document(document)

    def _stored_seq(self) -> int:
        searcher = self._index.searcher()
        found = searcher.search(term_query(self._schema, "key", _STATUS_KEY), limit=2).hits
        if len(found) != 1:
            raise _IndexInvalid("it holds no status")
        status = json.loads(str(searcher.doc(found[0][1]).get_first("value")))
        if status["format"] != FORMAT_VERSION:
            raise _IndexInvalid(f"its format is {status['format']}, not {FORMAT_VERSION}")
        if status["generation"] != self._generation:
            raise _IndexInvalid(f"its generation is {status['generation']!r}")
        return int(status["seq"])

    def _stored_collections(self) -> set[int]:
        """The collections of the chunks; of very many none that a scope could hold, to be safe."""
        counts = {"terms": {"field": "collection_id", "size": _COLLECTIONS_COUNTED}}
        found = self._index.searcher().aggregate(
            tantivy.Query.all_query(), {"collections": counts}
        )["collections"]
        if found["sum_other_doc_count"]:
            return {_UNKNOWN_COLLECTION}
        return {int(bucket["key"]) for bucket in found["buckets"]}
