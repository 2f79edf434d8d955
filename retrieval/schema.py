"""Every table of the database.

Times are Unix seconds. Chunk ids are never reused, so that an index that lags behind can at worst
name a chunk that is gone.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

_Id = BigInteger().with_variant(Integer(), "sqlite")


def _id() -> Column[int]:
    return Column("id", _Id, primary_key=True, autoincrement=True)


def _owner(name: str, target: str) -> Column[int]:
    return Column(name, _Id, ForeignKey(target, ondelete="CASCADE"), nullable=False)


counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    _id(),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    _id(),
    _owner("collection_id", "collections.id"),
    Column("name", Text, nullable=False),
    Column("content_sha256", String(64), nullable=False),
    Column("size_bytes", BigInteger, nullable=False),
    Column("media_type", String(120), nullable=False),
    Column("state", String(12), nullable=False),
    Column("error_code", String(60)),
    Column("error_message", Text),
    Column("title", Text, nullable=False, default=""),
    Column("language", String(8), nullable=False, default=""),
    Column("paged", Boolean, nullable=False, default=False),
    Column("page_count", Integer, nullable=False, default=0),
    Column("chunk_count", Integer, nullable=False, default=0),
    Column("seq", BigInteger),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    UniqueConstraint("collection_id", "content_sha256"),
    Index("ix_documents_name", "collection_id", "name"),
    Index("ix_documents_sha256", "content_sha256"),
    sqlite_autoincrement=True,
)

pages = Table(
    "pages",
    metadata,
    Column("document_id", _Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("number", Integer, primary_key=True),
    Column("label", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("width", Double, nullable=False),
    Column("height", Double, nullable=False),
    Column("rotation", Integer, nullable=False),
    Column("boxes", LargeBinary),
)

chunks = Table(
    "chunks",
    metadata,
    _id(),
    _owner("document_id", "documents.id"),
    Column("page", Integer, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("section", Text, nullable=False),
    Column("table_header", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Index("ix_chunks_document", "document_id"),
    sqlite_autoincrement=True,
)

embedders = Table(
    "embedders",
    metadata,
    _id(),
    Column("name", Text, nullable=False),
    Column("revision", String(80), nullable=False),
    Column("dimensions", Integer, nullable=False),
    Column("query_prefix", Text, nullable=False),
    Column("document_prefix", Text, nullable=False),
    UniqueConstraint("name", "revision", "dimensions", "query_prefix", "document_prefix"),
    sqlite_autoincrement=True,
)

vectors = Table(
    "vectors",
    metadata,
    Column("chunk_id", _Id, ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True),
    Column("embedder_id", _Id, ForeignKey("embedders.id"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", _Id, primary_key=True, autoincrement=False),
    Column("document_id", _Id, nullable=False),
    Column("visible", Boolean, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    _id(),
    _owner("document_id", "documents.id"),
    Column("stage", String(12), nullable=False),
    Column("done", BigInteger, nullable=False),
    Column("total", BigInteger, nullable=False),
    Column("unit", String(8), nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("worker", String(80)),
    Column("lease_until", Double),
    Column("cancel_requested", Boolean, nullable=False),
    Column("error_code", String(60)),
    Column("error_message", Text),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    Index("ix_jobs_stage", "stage", "lease_until"),
    Index("ix_jobs_document", "document_id"),
    Index("ix_jobs_updated", "updated_at"),
    sqlite_autoincrement=True,
)
