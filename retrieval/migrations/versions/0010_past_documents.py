"""Turns know the documents of the turns before them, which a model was shown."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

_OF_TURNS_BEFORE = """
INSERT INTO turn_past_documents (turn_id, document_id)
WITH RECURSIVE before (turn_id, past_id) AS (
    SELECT id, parent_id FROM turns WHERE parent_id IS NOT NULL
    UNION
    SELECT before.turn_id, turns.parent_id
    FROM before JOIN turns ON turns.id = before.past_id
    WHERE turns.parent_id IS NOT NULL
)
SELECT DISTINCT before.turn_id, turn_sources.document_id
FROM before JOIN turn_sources ON turn_sources.turn_id = before.past_id
WHERE NOT turn_sources.left_out
"""


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "turn_past_documents",
        sa.Column("turn_id", number, nullable=False),
        sa.Column("document_id", number, nullable=False),
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "document_id"),
    )
    op.execute(_OF_TURNS_BEFORE)


def downgrade() -> None:
    op.drop_table("turn_past_documents")
