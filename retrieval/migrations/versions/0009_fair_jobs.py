"""Jobs know who queued them and in which round they are worked off."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_OWNERS = """
UPDATE jobs SET owner_id = (
    SELECT person_id FROM document_uploaders
    WHERE document_uploaders.document_id = jobs.document_id
)
"""
_ROUNDS = """
UPDATE jobs SET round = numbered.round FROM (
    SELECT id, row_number() OVER (PARTITION BY owner_id ORDER BY id) AS round
    FROM jobs WHERE stage = 'queued'
) AS numbered
WHERE numbered.id = jobs.id
"""


def upgrade() -> None:
    owner = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.add_column("jobs", sa.Column("owner_id", owner, nullable=True))
    op.add_column("jobs", sa.Column("round", sa.BigInteger(), nullable=False, server_default="0"))
    op.execute(_OWNERS)
    op.execute(_ROUNDS)
    op.create_index("ix_jobs_turn", "jobs", ["stage", "attempts", "round", "id"])
    op.create_index("ix_jobs_owner", "jobs", ["owner_id", "stage", "round"])


def downgrade() -> None:
    op.drop_index("ix_jobs_owner", "jobs")
    op.drop_index("ix_jobs_turn", "jobs")
    op.drop_column("jobs", "round")
    op.drop_column("jobs", "owner_id")
