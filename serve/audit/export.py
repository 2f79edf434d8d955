"""The audit log as JSON lines."""

from __future__ import annotations

from collections.abc import Generator
from dataclasses import asdict

from retrieval.database import Database
from serve.audit.log import AuditFilter, records_after
from serve.audit.record import canonical


def record_lines(database: Database, wanted: AuditFilter, last: int) -> Generator[str, None, None]:
    """The records that are wanted, to the one of a number, each as a line of canonical JSON."""
    seq = 0
    while True:
        with database.read() as connection:
            records = records_after(connection, wanted, seq)
        for record in records:
            if record.seq > last:
                return
            yield canonical(asdict(record)) + "\n"
        if not records:
            return
        seq = records[-1].seq
