"""Restricted documents are found without a look at all the others."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index(
        "ix_documents_restricted",
        "documents",
        ["collection_id"],
        sqlite_where=sa.text("restricted"),
        postgresql_where=sa.text("restricted"),
    )


def downgrade() -> None:
    op.drop_index("ix_documents_restricted", "documents")
