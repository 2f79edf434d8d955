"""The document that takes the place of another of a different name, once it is visible."""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("documents", sa.Column("replaced_by", number, nullable=True))
    op.create_index("ix_documents_replaced", "documents", ["replaced_by"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_documents_replaced", table_name="documents")
    op.drop_column("documents", "replaced_by")
