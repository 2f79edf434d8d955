"""The audit log in SQL: added to within the transaction of the act, and read."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, Row, func, insert, select

from retrieval.schema import audit_log
from serve.audit.acting import Acting, acting
from serve.audit.acts import Act
from serve.audit.record import (
    BEGINNING,
    Deed,
    Record,
    canonical,
    record_after,
    text_of,
)

_ROWS = 1_000


def note(
    connection: Connection, act: Act, subject: str, *, by: Acting | None = None, **details: Any
) -> None:
    """Record an act within its own transaction, so that neither is there without the other."""
    append(connection, Deed.now(by or acting(), act, subject, details))


def append(connection: Connection, *deeds: Deed) -> None:
    """Add records in their order; in the one write transaction, so nobody comes between."""
    last = head_of(connection)
    seq, previous = (last.seq, last.hash) if last else (0, BEGINNING)
    rows = []
    for deed in deeds:
        record = record_after(seq, previous, deed)
        seq, previous = record.seq, record.hash
        rows.append(_row_of(record))
    connection.execute(insert(audit_log), rows)


def _row_of(record: Record) -> dict[str, Any]:
    row = {each.name: getattr(record, each.name) for each in fields(Record)}
    return row | {"details": canonical(record.details)}


@dataclass(frozen=True, slots=True)
class Head:
    """The last record, which one keeps elsewhere to notice that the end was cut off."""

    seq: int
    hash: str


def head_of(connection: Connection) -> Head | None:
    """The last record; nothing where there is none."""
    newest = select(audit_log.c.seq, audit_log.c.hash).order_by(audit_log.c.seq.desc()).limit(1)
    row = connection.execute(newest).first()
    return Head(row.seq, row.hash) if row else None


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which records are wanted; ``actor`` is a name as it was at the time, ``act`` may end in *."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    person_id: int | None = None
    act: str = ""
    subject: str = ""

    def conditions(self) -> Iterator[ColumnElement[bool]]:
        """What holds of a row that is wanted."""
        if self.since:
            yield audit_log.c.at >= text_of(self.since)
        if self.until:
            yield audit_log.c.at < text_of(self.until)
        if self.actor:
            yield func.lower(audit_log.c.actor) == self.actor.lower()
        if self.person_id is not None:
            yield audit_log.c.person_id == self.person_id
        if self.act.endswith("*"):
            yield audit_log.c.act.startswith(self.act[:-1], autoescape=True)
        elif self.act:
            yield audit_log.c.act == self.act
        if self.subject:
            yield audit_log.c.subject == self.subject


def records_before(
    connection: Connection, wanted: AuditFilter, seq: int | None, limit: int
) -> list[Record]:
    """The newest records that are wanted, of those before a number where one is given."""
    query = select(audit_log).where(*wanted.conditions()).order_by(audit_log.c.seq.desc())
    if seq is not None:
        query = query.where(audit_log.c.seq < seq)
    return [record_of(row) for row in connection.execute(query.limit(limit))]


def records_after(
    connection: Connection, wanted: AuditFilter, seq: int, limit: int = _ROWS
) -> list[Record]:
    """The oldest records that are wanted after a number."""
    query = select(audit_log).where(*wanted.conditions(), audit_log.c.seq > seq)
    query = query.order_by(audit_log.c.seq).limit(limit)
    return [record_of(row) for row in connection.execute(query)]


def record_of(row: Row[Any]) -> Record:
    """A record from a full row of the table."""
    return Record(**{**row._mapping, "details": json.loads(row.details)})
