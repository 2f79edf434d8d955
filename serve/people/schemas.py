"""People, keys and rights as they go over the wire."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints, model_validator

from serve.caller import Permission
from serve.schemas import MAX_SCOPE_ITEMS, Body, Id, Name, QuotaOut, Wire, storable

LARGEST_QUOTA = 1 << 60
MAX_MEMBERS = 100_000

RoleName = Literal["reader", "writer", "manager"]

Password = Annotated[str, StringConstraints(max_length=1_000), AfterValidator(storable)]
Token = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class LoginBody(Body):
    """Who signs in, and the proof."""

    name: Annotated[str, StringConstraints(max_length=200), AfterValidator(storable)]
    password: Password


class LinkBody(Body):
    """A link that is asked about."""

    token: Token


class EnterBody(LinkBody):
    """The password that is chosen by a link; a first administrator also chooses a ``name``."""

    password: Password
    name: Name | None = None


class PasswordBody(Body):
    """A new password, and the old one as a proof."""

    old: Password
    new: Password


class PersonBody(Body):
    """A person to be invited."""

    name: Name
    is_administrator: bool = False


class PersonPatch(Body):
    """What is to change of a person."""

    is_administrator: bool | None = None
    suspended: bool | None = None


class GroupBody(Body):
    """A group; with ``from_oidc``, the sign-in provider's group of that name says who is in it."""

    name: Name
    from_oidc: bool = False


class GroupPatch(Body):
    """What is to change of a group."""

    name: Name | None = None
    from_oidc: bool | None = None


class MembersBody(Body):
    """The people of a group."""

    people: list[Id] = Field(max_length=MAX_MEMBERS, fail_fast=True)


class KeyBody(Body):
    """A key to be made; only the operator makes one for somebody else, the ``person``."""

    name: Name
    permissions: Annotated[frozenset[Permission], Field(min_length=1, fail_fast=True)]
    expires_at: AwareDatetime | None = None
    person: Id | Name | None = None


class HolderBody(Body):
    """A person or a group, by id or name."""

    person: Id | Name | None = None
    group: Id | Name | None = None

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if (self.person is None) == (self.group is None):
            raise ValueError("needs either a person or a group")
        return self


class GrantBody(HolderBody):
    """A role for a person or a group."""

    role: RoleName


class ReadersBody(Body):
    """Who alone may read a document; null opens it to all who see its collection."""

    readers: Annotated[list[HolderBody], Field(max_length=MAX_SCOPE_ITEMS, fail_fast=True)] | None


class QuotaBody(Body):
    """How much may be kept, of each a number, or null for as the settings say."""

    bytes: Annotated[int, Field(ge=0, le=LARGEST_QUOTA)] | None = None
    documents: Annotated[int, Field(ge=0, le=LARGEST_QUOTA)] | None = None


class QuotaDetails(QuotaOut):
    """A quota, and which of its numbers an administrator set; null are those of the settings."""

    set_bytes: int | None
    set_documents: int | None


class PersonOut(Wire):
    """A person."""

    id: int
    name: str
    is_administrator: bool
    suspended: bool
    has_password: bool
    has_identity: bool
    created_at: datetime
    signed_in_at: datetime | None


class MeOut(Wire):
    """Who asks; ``csrf_token`` is for the header X-CSRF-Token of a session's changes.

    ``by_oidc``: the session began at the sign-in provider, where another one may go on. ``quota``
    is for one's own uploads, where there is one.
    """

    person_id: int | None
    name: str
    is_administrator: bool
    permissions: list[Permission]
    csrf_token: str | None = None
    by_oidc: bool = False
    quota: QuotaOut | None = None


class SignedInOut(Wire):
    """Who is signed in now; ``csrf_token`` is for the header X-CSRF-Token."""

    person: PersonOut
    csrf_token: str


class OidcMethod(Wire):
    """The organisation's own sign-in: what to call it, and where it begins."""

    name: str
    path: str


class MethodsOut(Wire):
    """How people may sign in here."""

    password: bool = True
    oidc: OidcMethod | None


class GoOut(Wire):
    """Where the browser goes next."""

    location: str


class LinkOut(Wire):
    """What a link is for, and the name of who may use it, where there is one yet."""

    purpose: str
    name: str | None


class InvitedOut(Wire):
    """A person and the token of the link to hand over; it is shown this once."""

    person: PersonOut
    token: str


class PersonList(Wire):
    """All people."""

    items: list[PersonOut]
    next_cursor: str | None = None


class GroupOut(Wire):
    """A group."""

    id: int
    name: str
    created_at: datetime
    from_oidc: bool
    member_count: int


class GroupDetails(GroupOut):
    """A group with its people."""

    members: list[PersonOut]


class GroupList(Wire):
    """All groups."""

    items: list[GroupOut]
    next_cursor: str | None = None


class SessionOut(Wire):
    """Where a person is signed in; ``current`` is where this was asked from."""

    id: int
    agent: str
    created_at: datetime
    used_at: datetime
    expires_at: datetime
    current: bool = False


class SessionList(Wire):
    """The sessions of a person."""

    items: list[SessionOut]
    next_cursor: str | None = None


class KeyOut(Wire):
    """An API key; ``ending`` is how its secret ends."""

    id: int
    person_id: int
    name: str
    ending: str
    permissions: list[Permission]
    created_at: datetime
    expires_at: datetime | None
    used_at: datetime | None


class NewKeyOut(KeyOut):
    """A key that was made, with its secret, which is shown this once."""

    key: str


class KeyList(Wire):
    """The keys of a person."""

    items: list[KeyOut]
    next_cursor: str | None = None


class HolderOut(Wire):
    """A person or a group."""

    person_id: int | None
    group_id: int | None
    name: str


class HolderList(Wire):
    """Some people and groups; there are ``more`` where others have the same letters."""

    items: list[HolderOut]
    more: bool


class GrantOut(HolderOut):
    """What is granted to a person or a group."""

    role: RoleName


class GrantList(Wire):
    """What is granted of a collection."""

    items: list[GrantOut]
    next_cursor: str | None = None


class ReadersOut(Wire):
    """Who alone may read a document; null where all may who see its collection."""

    readers: list[HolderOut] | None
