"""A database has a number by which the store of its original files knows it."""

import secrets

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

_COUNTERS = sa.table("counters", sa.column("name", sa.String), sa.column("value", sa.BigInteger))


def upgrade() -> None:
    number = secrets.randbelow(1 << 63)
    op.execute(sa.insert(_COUNTERS).values(name="installation", value=number))


def downgrade() -> None:
    op.execute(sa.delete(_COUNTERS).where(_COUNTERS.c.name == "installation"))
