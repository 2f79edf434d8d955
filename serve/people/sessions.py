"""Sessions of browsers in SQL: opened by signing in, found by their token, ended at once."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from retrieval.errors import NotFound
from retrieval.schema import people, sessions
from serve.audit.acting import acting
from serve.audit.acts import Act
from serve.audit.log import note
from serve.caller import Caller
from serve.people.store import get_person, moment
from serve.people.tokens import SESSION, new_token, sha256_of

LIFETIME_SECONDS = 30 * 86_400.0
IDLE_SECONDS = 7 * 86_400.0
_NOTED_SECONDS = 300.0
"""How exactly the last use is kept: each note is a commit."""


@dataclass(frozen=True, slots=True)
class Session:
    """Where a person is signed in; ``agent`` is what the browser calls itself."""

    id: int
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Found:
    """Who a token stands for, and whether its use is to be noted."""

    caller: Caller
    is_stale: bool


def open_session(
    connection: Connection, person_id: int, agent: str, *, by_oidc: bool = False
) -> str:
    """The token of a new session; ended ones of the person are forgotten."""
    token, now = new_token(SESSION), time.time()
    connection.execute(
        delete(sessions).where(sessions.c.person_id == person_id, sessions.c.expires_at < now)
    )
    connection.execute(
        insert(sessions).values(
            person_id=person_id,
            token_sha256=sha256_of(token),
            agent=agent,
            created_at=now,
            used_at=now,
            expires_at=now + LIFETIME_SECONDS,
            by_oidc=by_oidc,
        )
    )
    connection.execute(update(people).where(people.c.id == person_id).values(signed_in_at=now))
    came_in = replace(acting(), caller=Caller(person_id, get_person(connection, person_id).name))
    note(connection, Act.SIGNED_IN, f"person:{person_id}", by=came_in)
    return token


def caller_of_session(connection: Connection, token: str) -> Found | None:
    """Who is signed in by a token; nobody where it has ended or the person is suspended."""
    now = time.time()
    asked = {"sha256": sha256_of(token), "now": now, "last": now - IDLE_SECONDS}
    row = connection.execute(_HOLDER, asked).first()
    if row is None:
        return None
    caller = Caller(row.person_id, row.name, row.is_administrator, session_id=row.id)
    return Found(caller, row.used_at < now - _NOTED_SECONDS)


_HOLDER = (
    select(sessions.c.id, sessions.c.used_at, people.c.id.label("person_id"))
    .add_columns(people.c.name, people.c.is_administrator)
    .join(people, people.c.id == sessions.c.person_id)
    .where(
        sessions.c.token_sha256 == bindparam("sha256"),
        sessions.c.expires_at > bindparam("now"),
        sessions.c.used_at > bindparam("last"),
        people.c.suspended.is_(False),
    )
)


def note_session_use(connection: Connection, session_id: int) -> None:
    """Note that a session is in use."""
    connection.execute(
        update(sessions).where(sessions.c.id == session_id).values(used_at=time.time())
    )


def is_by_oidc(connection: Connection, session_id: int) -> bool:
    """Whether a session was opened by the organisation's provider."""
    return bool(connection.scalar(select(sessions.c.by_oidc).where(sessions.c.id == session_id)))


def list_sessions(connection: Connection, person_id: int) -> list[Session]:
    """The sessions of a person that hold, the one last used first."""
    now = time.time()
    rows = connection.execute(
        select(sessions)
        .where(
            sessions.c.person_id == person_id,
            sessions.c.expires_at > now,
            sessions.c.used_at > now - IDLE_SECONDS,
        )
        .order_by(sessions.c.used_at.desc(), sessions.c.id.desc())
    )
    return [
        Session(row.id, row.agent, *map(moment, (row.created_at, row.used_at, row.expires_at)))
        for row in rows
    ]


def end_session(connection: Connection, person_id: int, session_id: int) -> None:
    """End one session of a person."""
    ended = connection.execute(
        delete(sessions).where(sessions.c.id == session_id, sessions.c.person_id == person_id)
    )
    if not ended.rowcount:
        raise NotFound(f"No session {session_id}.")
    note(connection, Act.SESSION_ENDED, f"session:{session_id}", person=person_id)


def end_sessions(connection: Connection, person_id: int) -> None:
    """End all sessions of a person."""
    connection.execute(delete(sessions).where(sessions.c.person_id == person_id))
    note(connection, Act.SESSIONS_ENDED, f"person:{person_id}")
