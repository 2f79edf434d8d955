"""The audit log as it goes over the wire."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import AwareDatetime, Field, StringConstraints

from serve.audit.acting import ActorKind
from serve.schemas import LARGEST_ID, Wire

SHA256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]


class RecordOut(Wire):
    """What somebody did; ``hash`` is the SHA-256 of all other fields as canonical JSON."""

    seq: int
    at: str
    actor_kind: ActorKind
    actor: str
    person_id: int | None
    key_id: int | None
    act: str
    subject: str
    details: dict[str, Any]
    request_id: str
    address: str
    previous: SHA256
    hash: SHA256


class RecordList(Wire):
    """Some records, the newest first; ``next_cursor`` asks for the ones before."""

    items: list[RecordOut]
    next_cursor: str | None = None


class HeadOut(Wire):
    """The last record, to be kept elsewhere."""

    seq: int
    hash: SHA256


class ChainOut(Wire):
    """Whether all records are as they were written; else at which one that ends, and how."""

    whole: bool
    records: int
    head: HeadOut | None
    broken_at: int | None
    reason: str


class AuditQuery(Wire):
    """Which records are wanted; an ``act`` that ends in * stands for all that begin so."""

    since: AwareDatetime | None = None
    until: AwareDatetime | None = None
    actor: Annotated[str, StringConstraints(max_length=200)] = ""
    person_id: Annotated[int | None, Field(ge=1, le=LARGEST_ID)] = None
    act: Annotated[str, StringConstraints(max_length=40)] = ""
    subject: Annotated[str, StringConstraints(max_length=40)] = ""
