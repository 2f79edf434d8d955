"""The index of waiting jobs has their owners, of whom some are passed over."""

from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

_IN_TURN = ["stage", "attempts", "round", "id"]


def upgrade() -> None:
    op.drop_index("ix_jobs_turn", "jobs")
    op.create_index("ix_jobs_turn", "jobs", [*_IN_TURN, "owner_id"])


def downgrade() -> None:
    op.drop_index("ix_jobs_turn", "jobs")
    op.create_index("ix_jobs_turn", "jobs", _IN_TURN)
