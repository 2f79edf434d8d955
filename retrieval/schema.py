"""Every table of the database.

Times are Unix seconds. Chunk ids are never reused, so that an index that lags behind can at worst
name a chunk that is gone.

Whatever of a document's own words is kept with a conversation lies in ``citations`` and ``quotes``,
whose rows go with the document; ``turns`` refers to them by their place.
"""

from __future__ import annotations

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
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
    false,
    text,
)

from retrieval.columns import Id, either_person_or_group, id_column, owner_column

metadata = MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s",
        "pk": "pk_%(table_name)s",
    }
)

counters = Table(
    "counters",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("value", BigInteger, nullable=False),
)

collections = Table(
    "collections",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("model", Text, nullable=False, server_default=""),
    sqlite_autoincrement=True,
)

documents = Table(
    "documents",
    metadata,
    id_column(),
    owner_column("collection_id", "collections.id"),
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
    # Apart from the rows that name its readers: with the last of them it must not become open.
    Column("restricted", Boolean, nullable=False, server_default=false()),
    # The one that takes its place once visible: an id that may be nobody's any more.
    Column("replaced_by", Id),
    UniqueConstraint("collection_id", "content_sha256"),
    Index("ix_documents_name", "collection_id", "name"),
    Index("ix_documents_sha256", "content_sha256"),
    Index("ix_documents_replaced", "replaced_by"),
    Index(
        "ix_documents_restricted",
        "collection_id",
        sqlite_where=text("restricted"),
        postgresql_where=text("restricted"),
    ),
    sqlite_autoincrement=True,
)

# Names under which the same content came besides; newer content of a name takes it away.
document_names = Table(
    "document_names",
    metadata,
    id_column(),
    owner_column("document_id", "documents.id"),
    Column("name", Text, nullable=False, index=True),
    UniqueConstraint("document_id", "name", name="uq_document_names_name"),
)

pages = Table(
    "pages",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
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
    id_column(),
    owner_column("document_id", "documents.id"),
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
    id_column(),
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
    Column("chunk_id", Id, ForeignKey("chunks.id", ondelete="CASCADE"), primary_key=True),
    Column("embedder_id", Id, ForeignKey("embedders.id"), primary_key=True),
    Column("vector", LargeBinary, nullable=False),
)

changes = Table(
    "changes",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("document_id", Id, nullable=False),
    Column("visible", Boolean, nullable=False),
)

document_flags = Table(
    "document_flags",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("code", String(40), nullable=False),
    Column("page", Integer, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
)

jobs = Table(
    "jobs",
    metadata,
    id_column(),
    owner_column("document_id", "documents.id"),
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
    # Who queued it, for the order alone: an id that may be nobody's any more.
    Column("owner_id", Id),
    Column("round", BigInteger, nullable=False, server_default="0"),
    Index("ix_jobs_stage", "stage", "lease_until"),
    Index("ix_jobs_turn", "stage", "attempts", "round", "id", "owner_id"),
    Index("ix_jobs_owner", "owner_id", "stage", "round"),
    Index("ix_jobs_document", "document_id"),
    Index("ix_jobs_updated", "updated_at"),
    sqlite_autoincrement=True,
)

conversations = Table(
    "conversations",
    metadata,
    id_column(),
    Column("title", Text, nullable=False),
    Column("titled_by_person", Boolean, nullable=False),
    Column("folded_title", Text, nullable=False),
    Column("leaf_id", Id),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
    # Whose it is; NULL for the operator's. Not deleted by cascade: what SQLite is told of that
    # with a column that is added later cannot be read back and compared.
    Column("person_id", Id, ForeignKey("people.id")),
    Index("ix_conversations_updated", "updated_at", "id"),
    Index("ix_conversations_person", "person_id"),
    sqlite_autoincrement=True,
)

turns = Table(
    "turns",
    metadata,
    id_column(),
    owner_column("conversation_id", "conversations.id"),
    # Not deleted by cascade: SQLite follows cascades no deeper than 1,000 rows.
    Column("parent_id", Id, ForeignKey("turns.id")),
    Column("question", Text, nullable=False),
    Column("asked", JSON, nullable=False),
    Column("state", String(12), nullable=False),
    Column("text", JSON, nullable=False),
    Column("written", JSON, nullable=False),
    Column("folded", Text, nullable=False),
    Column("language", String(8), nullable=False),
    Column("support", Double, nullable=False),
    Column("abstained", Boolean, nullable=False),
    Column("grounded", Boolean, nullable=False),
    Column("truncated", Boolean, nullable=False),
    Column("opens_window", Boolean, nullable=False),
    Column("citation_count", Integer, nullable=False),
    Column("struck", JSON, nullable=False),
    Column("llm", Text, nullable=False),
    Column("degraded_code", String(60)),
    Column("degraded_message", Text),
    Column("error_code", String(60)),
    Column("error_message", Text),
    Column("queries", JSON, nullable=False),
    Column("report", JSON(none_as_null=True)),
    Column("retrieved_seconds", Double, nullable=False),
    Column("seconds", Double, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("finished_at", Double),
    Index("ix_turns_conversation", "conversation_id"),
    Index("ix_turns_parent", "parent_id"),
    Index("ix_turns_state", "state"),
    sqlite_autoincrement=True,
)

citations = Table(
    "citations",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("chunk_id", Id, nullable=False),
    owner_column("document_id", "documents.id"),
    Column("document_name", Text, nullable=False),
    Column("paged", Boolean, nullable=False),
    Column("page", Integer, nullable=False),
    Column("page_label", Text, nullable=False),
    Column("span_start", Integer, nullable=False),
    Column("span_end", Integer, nullable=False),
    Column("quote", Text, nullable=False),
    Column("rects", JSON, nullable=False),
    Column("page_width", Double, nullable=False),
    Column("page_height", Double, nullable=False),
    Column("verdict", String(12), nullable=False),
    Index("ix_citations_document", "document_id"),
)

quotes = Table(
    "quotes",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("place", Integer, primary_key=True, autoincrement=False),
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE")),
    Column("source", Integer, nullable=False),
    Column("text", Text, nullable=False),
    Column("folded", Text, nullable=False),
    Column("verdict", String(12), nullable=False),
    Index("ix_quotes_document", "document_id"),
)

turn_sources = Table(
    "turn_sources",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("chunk_id", Id, nullable=False),
    Column("document_id", Id, nullable=False),
    Column("score", Double, nullable=False),
    Column("left_out", Boolean, nullable=False),
)

# What an answer draws on: what it cites or quotes, and where a model wrote it, all that it was
# shown, the turns before among that. ``closed`` where its reader could not read the document when
# that was deleted; the row outlives the document.
turn_documents = Table(
    "turn_documents",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("document_id", Id, primary_key=True),
    Column("closed", Boolean, nullable=False),
    Index("ix_turn_documents_document", "document_id"),
)

feedback = Table(
    "feedback",
    metadata,
    Column("turn_id", Id, ForeignKey("turns.id", ondelete="CASCADE"), primary_key=True),
    Column("value", String(4), nullable=False),
    Column("reason", String(16)),
    Column("comment", Text, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("updated_at", Double, nullable=False),
)

people = Table(
    "people",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False),
    Column("folded_name", String(400), nullable=False, unique=True),
    Column("password_hash", Text),
    Column("is_administrator", Boolean, nullable=False),
    Column("suspended", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("signed_in_at", Double),
    sqlite_autoincrement=True,
)

groups = Table(
    "groups",
    metadata,
    id_column(),
    Column("name", String(200), nullable=False, unique=True),
    Column("created_at", Double, nullable=False),
    Column("from_oidc", Boolean, nullable=False, server_default=false()),
    sqlite_autoincrement=True,
)

group_members = Table(
    "group_members",
    metadata,
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE"), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE"), primary_key=True),
    Index("ix_group_members_person", "person_id"),
)

sessions = Table(
    "sessions",
    metadata,
    id_column(),
    owner_column("person_id", "people.id"),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("agent", String(200), nullable=False),
    Column("created_at", Double, nullable=False),
    Column("used_at", Double, nullable=False),
    Column("expires_at", Double, nullable=False),
    Column("by_oidc", Boolean, nullable=False, server_default=false()),
    Index("ix_sessions_person", "person_id"),
    sqlite_autoincrement=True,
)

api_keys = Table(
    "api_keys",
    metadata,
    id_column(),
    owner_column("person_id", "people.id"),
    Column("name", String(200), nullable=False),
    Column("ending", String(8), nullable=False),
    Column("token_sha256", String(64), nullable=False, unique=True),
    Column("permissions", JSON, nullable=False),
    Column("created_at", Double, nullable=False),
    Column("expires_at", Double),
    Column("used_at", Double),
    Column("made_with", Id, ForeignKey("api_keys.id")),
    Index("ix_api_keys_person", "person_id"),
    Index("ix_api_keys_made_with", "made_with"),
    sqlite_autoincrement=True,
)

sign_in_links = Table(
    "sign_in_links",
    metadata,
    Column("token_sha256", String(64), primary_key=True),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE")),
    Column("purpose", String(20), nullable=False),
    Column("expires_at", Double, nullable=False),
    Index("ix_sign_in_links_person", "person_id"),
)

# Apart from the documents: who is gone leaves them behind.
document_uploaders = Table(
    "document_uploaders",
    metadata,
    Column("document_id", Id, ForeignKey("documents.id", ondelete="CASCADE"), primary_key=True),
    owner_column("person_id", "people.id"),
    Index("ix_document_uploaders_person", "person_id"),
)

quotas = Table(
    "quotas",
    metadata,
    id_column(),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE")),
    Column("collection_id", Id, ForeignKey("collections.id", ondelete="CASCADE")),
    Column("bytes", BigInteger),
    Column("documents", BigInteger),
    UniqueConstraint("person_id", name="uq_quotas_person"),
    UniqueConstraint("collection_id", name="uq_quotas_collection"),
    CheckConstraint("(person_id IS NULL) <> (collection_id IS NULL)", name="person_or_collection"),
    sqlite_autoincrement=True,
)

oidc_identities = Table(
    "oidc_identities",
    metadata,
    id_column(),
    owner_column("person_id", "people.id"),
    Column("issuer", String(400), nullable=False),
    Column("subject", String(255), nullable=False),
    Column("gave_administration", Boolean, nullable=False),
    Column("created_at", Double, nullable=False),
    UniqueConstraint("issuer", "subject", name="uq_oidc_identities_issuer_subject"),
    Index("ix_oidc_identities_person", "person_id"),
    sqlite_autoincrement=True,
)


grants = Table(
    "grants",
    metadata,
    id_column(),
    owner_column("collection_id", "collections.id"),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE")),
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE")),
    Column("role", String(8), nullable=False),
    UniqueConstraint("collection_id", "person_id", name="uq_grants_person"),
    UniqueConstraint("collection_id", "group_id", name="uq_grants_group"),
    either_person_or_group(),
    Index("ix_grants_person", "person_id"),
    Index("ix_grants_group", "group_id"),
    sqlite_autoincrement=True,
)

document_readers = Table(
    "document_readers",
    metadata,
    id_column(),
    owner_column("document_id", "documents.id"),
    Column("person_id", Id, ForeignKey("people.id", ondelete="CASCADE")),
    Column("group_id", Id, ForeignKey("groups.id", ondelete="CASCADE")),
    UniqueConstraint("document_id", "person_id", name="uq_document_readers_person"),
    UniqueConstraint("document_id", "group_id", name="uq_document_readers_group"),
    either_person_or_group(),
    Index("ix_document_readers_person", "person_id"),
    Index("ix_document_readers_group", "group_id"),
    sqlite_autoincrement=True,
)

audit_log = Table(
    "audit_log",
    metadata,
    Column("seq", Id, primary_key=True, autoincrement=False),
    Column("at", String(27), nullable=False),
    Column("actor_kind", String(10), nullable=False),
    Column("actor", String(200), nullable=False),
    Column("person_id", Id),
    Column("key_id", Id),
    Column("act", String(40), nullable=False),
    Column("subject", String(40), nullable=False),
    Column("details", Text, nullable=False),
    Column("request_id", String(100), nullable=False),
    Column("address", String(100), nullable=False),
    Column("previous", String(64), nullable=False),
    Column("hash", String(64), nullable=False),
    Index("ix_audit_log_act", "act", "seq"),
    Index("ix_audit_log_person", "person_id", "seq"),
)
"""Refers to nothing, so that what is recorded outlives whom and what it tells of; triggers of the
database let nobody do more than append. ``at`` is text, as it is hashed."""
