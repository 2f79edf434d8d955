"""Whether what a caller came with still holds, for what goes on after a request has begun."""

from __future__ import annotations

import time

from sqlalchemy import ColumnElement, Connection, literal, not_, or_, select

from retrieval.schema import api_keys, people, sessions
from serve.caller import Caller
from serve.people.errors import NotAllowed, NotSignedIn
from serve.people.keys import keys_rest
from serve.people.sessions import LIFETIME_SECONDS


def check_still(connection: Connection, caller: Caller) -> None:
    """Refuse a caller whose session, key or account has ended since the request began.

    Raises:
        NotSignedIn: It has.
    """
    if caller.is_operator:
        return
    conditions: list[ColumnElement[bool]] = [
        people.c.id == caller.person_id,
        people.c.suspended.is_(False),
    ]
    if caller.session_id is not None:
        live = select(sessions.c.person_id).where(
            sessions.c.id == caller.session_id, sessions.c.expires_at > time.time()
        )
        conditions.append(people.c.id.in_(live))
    if caller.key_id is not None:
        unexpired = or_(api_keys.c.expires_at.is_(None), api_keys.c.expires_at > time.time())
        live = select(api_keys.c.person_id).where(api_keys.c.id == caller.key_id, unexpired)
        conditions.append(people.c.id.in_(live))
        conditions.append(not_(keys_rest(literal(time.time() - LIFETIME_SECONDS))))
    if connection.scalar(select(people.c.id).where(*conditions)) is None:
        raise NotSignedIn("The session or key does not hold any more.")


def check_still_administrator(connection: Connection, caller: Caller) -> None:
    """Refuse an administrator who is none any more, or whom ``check_still`` refuses.

    Raises:
        NotSignedIn: The session, key or account has ended.
        NotAllowed: The person is no administrator now.
    """
    check_still(connection, caller)
    if caller.is_operator:
        return
    still = select(people.c.id).where(people.c.id == caller.person_id, people.c.is_administrator)
    if connection.scalar(still) is None:
        raise NotAllowed("This is for administrators.")
