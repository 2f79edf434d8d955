"""Keys know with which other key they were made."""

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None


def upgrade() -> None:
    # In one statement, since SQLite adds no constraint to a table that exists.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE api_keys ADD COLUMN made_with {number} "
        "CONSTRAINT fk_api_keys_made_with REFERENCES api_keys (id)"
    )
    op.create_index("ix_api_keys_made_with", "api_keys", ["made_with"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_api_keys_made_with", "api_keys")
    op.drop_column("api_keys", "made_with")
