"""People, groups and rights; who a conversation belongs to; restricted documents."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None


def _id_type() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _id() -> sa.Column[int]:
    return sa.Column("id", _id_type(), autoincrement=True, nullable=False)


def _foreign(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column], [target], name=op.f(f"fk_{table}_{column}"), ondelete="CASCADE"
    )


def upgrade() -> None:
    op.create_table(
        "people",
        _id(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("folded_name", sa.String(length=400), nullable=False),
        sa.Column("password_hash", sa.Text(), nullable=True),
        sa.Column("is_administrator", sa.Boolean(), nullable=False),
        sa.Column("suspended", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("signed_in_at", sa.Double(), nullable=True),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_people")),
        sa.UniqueConstraint("folded_name", name=op.f("uq_people_folded_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "groups",
        _id(),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_groups")),
        sa.UniqueConstraint("name", name=op.f("uq_groups_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "group_members",
        sa.Column("group_id", _id_type(), nullable=False),
        sa.Column("person_id", _id_type(), nullable=False),
        _foreign("group_members", "group_id", "groups.id"),
        _foreign("group_members", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("group_id", "person_id", name=op.f("pk_group_members")),
    )
    op.create_index("ix_group_members_person", "group_members", ["person_id"], unique=False)
    _create_credentials()
    _create_rights("grants", "collection", sa.Column("role", sa.String(length=8), nullable=False))
    _create_rights("document_readers", "document")
    op.add_column(
        "documents",
        sa.Column("restricted", sa.Boolean(), server_default=sa.false(), nullable=False),
    )
    # In one statement, since SQLite adds no constraint to a table that exists.
    number = "INTEGER" if op.get_bind().dialect.name == "sqlite" else "BIGINT"
    op.execute(
        f"ALTER TABLE conversations ADD COLUMN person_id {number} "
        "CONSTRAINT fk_conversations_person_id REFERENCES people (id)"
    )
    op.create_index("ix_conversations_person", "conversations", ["person_id"], unique=False)


def _create_credentials() -> None:
    op.create_table(
        "sessions",
        _id(),
        sa.Column("person_id", _id_type(), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("agent", sa.String(length=200), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("used_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        _foreign("sessions", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_sessions_token_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_sessions_person", "sessions", ["person_id"], unique=False)
    op.create_table(
        "api_keys",
        _id(),
        sa.Column("person_id", _id_type(), nullable=False),
        sa.Column("name", sa.String(length=200), nullable=False),
        sa.Column("ending", sa.String(length=8), nullable=False),
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("permissions", sa.JSON(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=True),
        sa.Column("used_at", sa.Double(), nullable=True),
        _foreign("api_keys", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_api_keys")),
        sa.UniqueConstraint("token_sha256", name=op.f("uq_api_keys_token_sha256")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_api_keys_person", "api_keys", ["person_id"], unique=False)
    op.create_table(
        "sign_in_links",
        sa.Column("token_sha256", sa.String(length=64), nullable=False),
        sa.Column("person_id", _id_type(), nullable=True),
        sa.Column("purpose", sa.String(length=20), nullable=False),
        sa.Column("expires_at", sa.Double(), nullable=False),
        _foreign("sign_in_links", "person_id", "people.id"),
        sa.PrimaryKeyConstraint("token_sha256", name=op.f("pk_sign_in_links")),
    )
    op.create_index("ix_sign_in_links_person", "sign_in_links", ["person_id"], unique=False)


def _create_rights(table: str, target: str, *columns: sa.Column[str]) -> None:
    op.create_table(
        table,
        _id(),
        sa.Column(f"{target}_id", _id_type(), nullable=False),
        sa.Column("person_id", _id_type(), nullable=True),
        sa.Column("group_id", _id_type(), nullable=True),
        *columns,
        _foreign(table, f"{target}_id", f"{target}s.id"),
        _foreign(table, "person_id", "people.id"),
        _foreign(table, "group_id", "groups.id"),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
        sa.UniqueConstraint(f"{target}_id", "person_id", name=f"uq_{table}_person"),
        sa.UniqueConstraint(f"{target}_id", "group_id", name=f"uq_{table}_group"),
        sa.CheckConstraint("(person_id IS NULL) <> (group_id IS NULL)", name="person_or_group"),
        sqlite_autoincrement=True,
    )
    op.create_index(f"ix_{table}_person", table, ["person_id"], unique=False)
    op.create_index(f"ix_{table}_group", table, ["group_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_conversations_person", "conversations")
    op.drop_column("conversations", "person_id")
    op.drop_column("documents", "restricted")
    for table in (
        "document_readers",
        "grants",
        "sign_in_links",
        "api_keys",
        "sessions",
        "group_members",
        "groups",
        "people",
    ):
        op.drop_table(table)
