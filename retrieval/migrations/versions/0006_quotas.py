"""Who brought which document, and how much people and collections may keep."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def _id_type() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "document_uploaders",
        sa.Column("document_id", _id_type(), nullable=False),
        sa.Column("person_id", _id_type(), nullable=False),
        _foreign("document_uploaders", "document_id", "documents.id"),
        _foreign("document_uploaders", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("document_id", name=op.f("pk_document_uploaders")),
    )
    op.create_index("ix_document_uploaders_person", "document_uploaders", ["person_id"])
    op.create_table(
        "quotas",
        sa.Column("id", _id_type(), autoincrement=True, nullable=False),
        sa.Column("person_id", _id_type(), nullable=True),
        sa.Column("collection_id", _id_type(), nullable=True),
        sa.Column("bytes", sa.BigInteger(), nullable=True),
        sa.Column("documents", sa.BigInteger(), nullable=True),
        _foreign("quotas", "person_id", "people.id"),
        _foreign("quotas", "collection_id", "collections.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_quotas")),
        sa.UniqueConstraint("person_id", name="uq_quotas_person"),
        sa.UniqueConstraint("collection_id", name="uq_quotas_collection"),
        sa.CheckConstraint(
            "(person_id IS NULL) <> (collection_id IS NULL)", name="person_or_collection"
        ),
        sqlite_autoincrement=True,
    )


def downgrade() -> None:
    op.drop_table("quotas")
    op.drop_table("document_uploaders")
