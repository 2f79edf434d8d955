"""Answers know all documents that they draw on, and which of them closed them for good.

Of an answer that draws on a document which is gone already, nobody can say any more whether its
reader could see that: it is closed.
"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

_DRAWN_ON = """
INSERT INTO turn_documents (turn_id, document_id, closed)
SELECT drawn.turn_id, drawn.document_id,
       documents.id IS NULL AND conversations.person_id IS NOT NULL
FROM (
    SELECT turn_id, document_id FROM citations
    UNION
    SELECT turn_id, document_id FROM quotes WHERE document_id IS NOT NULL
    UNION
    SELECT turn_sources.turn_id, turn_sources.document_id
    FROM turn_sources JOIN turns ON turns.id = turn_sources.turn_id
    WHERE NOT turn_sources.left_out AND turns.llm <> 'extractive'
    UNION
    SELECT turn_past_documents.turn_id, turn_past_documents.document_id
    FROM turn_past_documents JOIN turns ON turns.id = turn_past_documents.turn_id
    WHERE turns.llm <> 'extractive'
) AS drawn
JOIN turns ON turns.id = drawn.turn_id
JOIN conversations ON conversations.id = turns.conversation_id
LEFT JOIN documents ON documents.id = drawn.document_id
"""

_OF_TURNS_BEFORE = """
INSERT INTO turn_past_documents (turn_id, document_id)
SELECT turn_documents.turn_id, turn_documents.document_id FROM turn_documents
WHERE NOT EXISTS (
    SELECT 1 FROM turn_sources
    WHERE turn_sources.turn_id = turn_documents.turn_id
    AND turn_sources.document_id = turn_documents.document_id
)
"""


def upgrade() -> None:
    _create("turn_documents", sa.Column("closed", sa.Boolean(), nullable=False))
    op.create_index("ix_turn_documents_document", "turn_documents", ["document_id"])
    op.execute(_DRAWN_ON)
    op.drop_table("turn_past_documents")


def downgrade() -> None:
    _create("turn_past_documents")
    op.execute(_OF_TURNS_BEFORE)
    op.drop_table("turn_documents")


def _create(name: str, *more: "sa.Column[bool]") -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        name,
        sa.Column("turn_id", number, nullable=False),
        sa.Column("document_id", number, nullable=False),
        *more,
        sa.ForeignKeyConstraint(["turn_id"], ["turns.id"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("turn_id", "document_id"),
    )
