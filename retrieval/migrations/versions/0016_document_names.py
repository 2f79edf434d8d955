"""A document has every name under which its content came."""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "document_names",
        sa.Column("id", number, autoincrement=True, nullable=False),
        sa.Column("document_id", number, nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["document_id"],
            ["documents.id"],
            name="fk_document_names_document_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_document_names"),
        sa.UniqueConstraint("document_id", "name", name="uq_document_names_name"),
    )
    op.create_index("ix_document_names_name", "document_names", ["name"])


def downgrade() -> None:
    op.drop_table("document_names")
