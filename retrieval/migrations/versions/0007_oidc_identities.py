"""Who people are to an OpenID provider, and which groups it fills."""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def _id_type() -> sa.types.TypeEngine[int]:
    return sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def _flag(name: str) -> sa.Column[bool]:
    return sa.Column(name, sa.Boolean(), server_default=sa.false(), nullable=False)


def upgrade() -> None:
    op.create_table(
        "oidc_identities",
        sa.Column("id", _id_type(), autoincrement=True, nullable=False),
        sa.Column("person_id", _id_type(), nullable=False),
        sa.Column("issuer", sa.String(length=400), nullable=False),
        sa.Column("subject", sa.String(length=255), nullable=False),
        sa.Column("gave_administration", sa.Boolean(), nullable=False),
        sa.Column("created_at", sa.Double(), nullable=False),
        sa.ForeignKeyConstraint(
            ["person_id"],
            ["people.id"],
            name=op.f("fk_oidc_identities_person_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_oidc_identities")),
        sa.UniqueConstraint("issuer", "subject", name="uq_oidc_identities_issuer_subject"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_oidc_identities_person", "oidc_identities", ["person_id"], unique=False)
    op.add_column("groups", _flag("from_oidc"))
    op.add_column("sessions", _flag("by_oidc"))


def downgrade() -> None:
    op.drop_column("sessions", "by_oidc")
    op.drop_column("groups", "from_oidc")
    op.drop_table("oidc_identities")
