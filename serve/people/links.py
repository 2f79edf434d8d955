"""Links that let somebody choose a password, each once: the way in, and back in."""

from __future__ import annotations

import time
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import Connection, delete, insert, select

from retrieval.schema import sign_in_links
from serve.audit.acts import Act
from serve.audit.log import note
from serve.people.errors import LinkInvalid
from serve.people.store import get_person, is_anybody_there
from serve.people.tokens import LINK, new_token, sha256_of


class Purpose(StrEnum):
    """What a link is for."""

    FIRST_ADMINISTRATOR = "first_administrator"
    INVITATION = "invitation"
    RESET = "reset"


_LIFETIME_SECONDS = {
    Purpose.FIRST_ADMINISTRATOR: 7 * 86_400.0,
    Purpose.INVITATION: 7 * 86_400.0,
    Purpose.RESET: 86_400.0,
}


@dataclass(frozen=True, slots=True)
class Link:
    """What a link lets in; ``person_id`` is None for a first administrator, who has no name yet."""

    purpose: Purpose
    person_id: int | None


def create_link(connection: Connection, person_id: int) -> str:
    """The token of a new link for a person; the earlier ones end."""
    person = get_person(connection, person_id)
    end_links(connection, person_id)
    purpose = Purpose.RESET if person.has_password else Purpose.INVITATION
    return _created(connection, purpose, person_id)


def first_link(connection: Connection) -> str | None:
    """The token of the link for a first administrator, where there is nobody; earlier ones end."""
    if is_anybody_there(connection):
        return None
    connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id.is_(None)))
    return _created(connection, Purpose.FIRST_ADMINISTRATOR, None)


def _created(connection: Connection, purpose: Purpose, person_id: int | None) -> str:
    token = new_token(LINK)
    connection.execute(
        insert(sign_in_links).values(
            token_sha256=sha256_of(token),
            person_id=person_id,
            purpose=purpose.value,
            expires_at=time.time() + _LIFETIME_SECONDS[purpose],
        )
    )
    subject = f"person:{person_id}" if person_id else ""
    note(connection, Act.LINK_MADE, subject, purpose=purpose.value)
    return token


def end_links(connection: Connection, person_id: int) -> None:
    """End every link of a person."""
    connection.execute(delete(sign_in_links).where(sign_in_links.c.person_id == person_id))


def link_of(connection: Connection, token: str) -> Link:
    """What a link is for, as long as it holds.

    Raises:
        LinkInvalid: It does not.
    """
    row = connection.execute(
        select(sign_in_links).where(
            sign_in_links.c.token_sha256 == sha256_of(token),
            sign_in_links.c.expires_at > time.time(),
        )
    ).first()
    if row is None or (row.person_id is None and is_anybody_there(connection)):
        raise LinkInvalid(
            "This link was used, is too old, or is not complete.",
            advice="Ask an administrator for a new one.",
        )
    return Link(Purpose(row.purpose), row.person_id)
