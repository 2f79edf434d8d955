"""Whether the audit log is as it was written."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, select

from retrieval.schema import audit_log
from serve.audit.log import Head
from serve.audit.record import BEGINNING, canonical, hash_of


@dataclass(frozen=True, slots=True)
class Verdict:
    """How the chain was found: whole to ``head``, or broken at a record, and in which way."""

    records: int
    head: Head | None
    broken_at: int | None = None
    reason: str = ""

    @property
    def is_whole(self) -> bool:
        """Whether nothing was changed, removed, inserted or put elsewhere."""
        return self.broken_at is None


def verdict_on(connection: Connection, known: Head | None = None) -> Verdict:
    """What walking the chain shows; with a head that was kept elsewhere, whether it is in it."""
    last, count = Head(0, BEGINNING), 0
    has_known = known is None
    for row in _rows(connection):
        reason = _fault(row, last)
        if reason:
            return _broken(count, last, row["seq"], reason)
        last, count = Head(row["seq"], row["hash"]), count + 1
        if known and known.seq == last.seq:
            has_known = True
            if known.hash != last.hash:
                return _broken(count, last, last.seq, "another record stood here at that time")
    if known and not has_known:
        return _broken(count, last, last.seq + 1, f"all records to {known.seq} are missing")
    return Verdict(count, last if count else None)


def _broken(count: int, last: Head, seq: int, reason: str) -> Verdict:
    return Verdict(count, last if count else None, seq, reason)


def _rows(connection: Connection) -> Iterator[dict[str, Any]]:
    query = select(audit_log).order_by(audit_log.c.seq)
    with connection.execution_options(stream_results=True, yield_per=500).execute(query) as found:
        for row in found:
            yield dict(row._mapping)


def _fault(row: dict[str, Any], before: Head) -> str:
    if row["seq"] != before.seq + 1:
        return f"the record after {before.seq} is missing"
    if row["previous"] != before.hash:
        return "it does not follow the record before it"
    told = {name: value for name, value in row.items() if name != "hash"}
    try:
        told["details"] = json.loads(row["details"])
    except ValueError:
        return "its details are not what was written"
    if canonical(told["details"]) != row["details"] or hash_of(told) != row["hash"]:
        return "it is not what was written"
    return ""
