"""A record of the audit log, and its hash, which is over the one before as well."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from typing import Any

from serve.audit.acting import Acting
from serve.audit.acts import Act

BEGINNING = "0" * 64
"""What stands for the hash before the first record."""

Details = Mapping[str, Any]
"""A small JSON object of ids, kinds, numbers, and names where ids would mean nothing later."""


@dataclass(frozen=True, slots=True)
class Deed:
    """What is to be recorded of an act: by whom, on what, when."""

    actor: Acting
    act: Act
    subject: str
    details: Details
    at: datetime

    @classmethod
    def now(cls, actor: Acting, act: Act, subject: str, details: Details) -> Deed:
        """A deed of this moment."""
        return cls(actor, act, subject, details, datetime.now(UTC))


@dataclass(frozen=True, slots=True)
class Record:
    """One record; ``previous`` is the hash of the one before, ``hash`` is over all the rest."""

    seq: int
    at: str
    actor_kind: str
    actor: str
    person_id: int | None
    key_id: int | None
    act: str
    subject: str
    details: Details
    request_id: str
    address: str
    previous: str
    hash: str


def record_after(seq: int, previous: str, deed: Deed) -> Record:
    """The record of a deed that follows the one of this number and hash."""
    caller = deed.actor.caller
    request_id, address = deed.actor.origin
    told: dict[str, Any] = {
        "seq": seq + 1,
        "at": text_of(deed.at),
        "actor_kind": deed.actor.kind,
        "actor": deed.actor.name,
        "person_id": caller.person_id if caller else None,
        "key_id": caller.key_id if caller else None,
        "act": deed.act.value,
        "subject": deed.subject,
        "details": dict(deed.details),
        "request_id": request_id,
        "address": address,
        "previous": previous,
    }
    return Record(**told, hash=hash_of(told))


def hash_of(told: Mapping[str, Any]) -> str:
    """The SHA-256 of all fields but the hash."""
    return sha256(canonical(told).encode()).hexdigest()


def canonical(value: Mapping[str, Any]) -> str:
    """The one JSON form of an object: keys sorted, no blanks, nothing but ASCII."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), allow_nan=False)


def text_of(moment: datetime) -> str:
    """A time as it is kept: UTC to the microsecond, in an order that is that of the texts."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
