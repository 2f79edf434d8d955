"""The fields of the BM25 index, and queries over them built from values, never parsed from text."""

from __future__ import annotations

from collections.abc import Iterable

import tantivy

from retrieval.types import Scope

ROW_IDS = range(2**63)
"""What an SQL row id can be; tantivy refuses other integers."""

_TOKENIZER = "terms"


def chunk_schema() -> tantivy.Schema:
    """The fields of a chunk, and those of the one document that carries the index's status."""
    builder = tantivy.SchemaBuilder()
    builder.add_unsigned_field("chunk_id", fast=True)
    builder.add_unsigned_field("document_id", indexed=True, fast=True)
    builder.add_unsigned_field("collection_id", indexed=True, fast=True)
    builder.add_text_field("terms", tokenizer_name=_TOKENIZER, index_option="freq")
    builder.add_text_field("key", tokenizer_name="raw", index_option="basic")
    builder.add_text_field("value", stored=True, tokenizer_name="raw", index_option="basic")
    return builder.build()


def register_tokenizer(index: tantivy.Index) -> None:
    """Let the index split at spaces only: its terms come ready."""
    whitespace = tantivy.TextAnalyzerBuilder(tantivy.Tokenizer.whitespace()).build()
    index.register_tokenizer(_TOKENIZER, whitespace)


def term_query(schema: tantivy.Schema, field: str, value: int | str) -> tantivy.Query:
    """What holds exactly this value."""
    return tantivy.Query.term_query(schema, field, value, index_option="basic")


def any_of(schema: tantivy.Schema, words: Iterable[tuple[str, ...]]) -> tantivy.Query:
    """Chunks with at least one of the words, scored by each word's best variant."""
    return tantivy.Query.boolean_query(
        [(tantivy.Occur.Should, _word(schema, variants)) for variants in words]
    )


def inside_scope(schema: tantivy.Schema, scope: Scope) -> tantivy.Query:
    """The filter of ``scope``, whose score of 0 leaves BM25 as it is."""
    clauses = [
        (tantivy.Occur.Should, _among(schema, "collection_id", scope.collections)),
        (tantivy.Occur.Should, _among(schema, "document_id", scope.documents)),
    ]
    if scope.excluded:
        clauses.append((tantivy.Occur.MustNot, _among(schema, "document_id", scope.excluded)))
    return tantivy.Query.const_score_query(tantivy.Query.boolean_query(clauses), 0.0)


def _among(schema: tantivy.Schema, field: str, ids: frozenset[int]) -> tantivy.Query:
    return tantivy.Query.term_set_query(schema, field, [i for i in sorted(ids) if i in ROW_IDS])


def _word(schema: tantivy.Schema, variants: tuple[str, ...]) -> tantivy.Query:
    queries = [
        tantivy.Query.term_query(schema, "terms", variant, index_option="freq")
        for variant in variants
    ]
    return queries[0] if len(queries) == 1 else tantivy.Query.disjunction_max_query(queries)
