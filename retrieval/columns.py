"""What columns and rules several tables have."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, ForeignKey, Integer

Id = BigInteger().with_variant(Integer(), "sqlite")


def id_column() -> Column[int]:
    """The number of a row."""
    return Column("id", Id, primary_key=True, autoincrement=True)


def owner_column(name: str, target: str) -> Column[int]:
    """The row that this one goes with."""
    return Column(name, Id, ForeignKey(target, ondelete="CASCADE"), nullable=False)


def either_person_or_group() -> CheckConstraint:
    """A row is about one of both."""
    return CheckConstraint("(person_id IS NULL) <> (group_id IS NULL)", name="person_or_group")
