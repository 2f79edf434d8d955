"""From what the provider says about somebody to a session of ours."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection

from retrieval.database import Database
from retrieval.errors import NotFound
from serve.audit.acts import Act
from serve.audit.journal import Journal
from serve.kept_threads import KeptThreads
from serve.oidc.attempt import Attempt
from serve.oidc.errors import (
    AccountExists,
    AccountNeeded,
    AccountSuspended,
    DomainRefused,
    OidcRefused,
)
from serve.oidc.identities import (
    Subject,
    bind,
    follow_administration,
    follow_groups,
    person_known_as,
)
from serve.oidc.options import OidcOptions
from serve.oidc.provider import Provider, Returned
from serve.people.errors import LinkInvalid, NotAllowed, TooManyAttempts
from serve.people.links import end_links, link_of
from serve.people.sessions import open_session
from serve.people.signing_in import SignedIn, Visitor, agent_of
from serve.people.store import (
    Person,
    create_person,
    folded_name,
    get_person,
    is_anybody_there,
    person_of,
)
from serve.people.throttle import Guesses
from serve.people.tokens import same

_LONGEST_NAME = 200
_MOST_GROUPS = 10_000
_MOST_THREADS = 8


@dataclass(frozen=True, slots=True)
class Claims:
    """What a provider says about somebody.

    ``email`` is empty unless the provider has proved the address; ``user_name`` is like none.
    """

    subject: Subject
    email: str
    user_name: str
    groups: frozenset[str]

    @property
    def name(self) -> str:
        """What to call somebody here."""
        return self.email or self.user_name or self.subject.subject


def claims_in(told: dict[str, Any], options: OidcOptions) -> Claims:
    """What counts of what a provider tells."""
    email = _line(told.get("email")) if told.get("email_verified") in (True, "true") else ""
    named = told.get(options.groups_claim) if options.groups_claim else None
    listed = [named] if isinstance(named, str) else named if isinstance(named, list) else []
    return Claims(
        subject=Subject(options.issuer, str(told["sub"])),
        email=email if email.rpartition("@")[0] else "",
        user_name=_bare(told.get("preferred_username")) or _bare(told.get("name")),
        groups=frozenset(each for each in listed[:_MOST_GROUPS] if isinstance(each, str)),
    )


def _bare(value: object) -> str:
    """A name that nobody could take for an address: of those only proved ones count."""
    name = _line(value)
    return "" if "@" in folded_name(name) else name


def _line(value: object) -> str:
    if not isinstance(value, str) or not value.isprintable() or len(value) > _LONGEST_NAME:
        return ""
    return value.strip()


@dataclass(frozen=True, slots=True)
class OidcSigningIn:
    """The way in by the provider."""

    database: Database
    guesses: Guesses
    journal: Journal
    provider: Provider
    threads: KeptThreads = field(default_factory=lambda: KeptThreads(_MOST_THREADS))
    """A provider that hangs takes none away from other requests."""

    @property
    def options(self) -> OidcOptions:
        """How the provider is used."""
        return self.provider.options

    def finish(
        self, returned: Returned, attempt: Attempt, redirect_uri: str, visitor: Visitor
    ) -> SignedIn:
        """Open a session for who comes back from the provider.

        Raises:
            OidcRefused: What was brought back proves nothing.
            OidcUnavailable: The provider does not answer.
            NotAllowed: Somebody is who they say, and may not come in.
            TooManyAttempts: Too much was brought back from that address that proves nothing.
        """
        try:
            return self._finished(returned, attempt, redirect_uri, visitor)
        except (OidcRefused, NotAllowed) as error:
            self.journal.record(Act.SIGN_IN_FAILED, via="oidc", code=error.code)
            raise
        except TooManyAttempts as error:
            if error.is_first:
                self.journal.record(Act.SIGN_IN_THROTTLED, via="oidc")
            raise

    def _finished(
        self, returned: Returned, attempt: Attempt, redirect_uri: str, visitor: Visitor
    ) -> SignedIn:
        with self.guesses.attempt(f"oidc {visitor.address}", visitor.address):
            _check_answers(returned, attempt)
            told = self.provider.claims(returned, attempt, redirect_uri)
        claims = claims_in(told, self.options)
        self._check_domain(claims)
        with self.database.write() as connection:
            person = self._person(connection, claims, attempt.link)
            if person.suspended:
                raise AccountSuspended("This account is suspended.", advice="Ask an administrator.")
            if self.options.groups_claim:
                follow_groups(connection, person.id, claims.groups)
            if self.options.administrators:
                is_named = self.options.administrators in claims.groups
                follow_administration(connection, person.id, is_named)
            token = open_session(connection, person.id, agent_of(visitor), by_oidc=True)
            return SignedIn(get_person(connection, person.id), token)

    def _check_domain(self, claims: Claims) -> None:
        domain = claims.email.rpartition("@")[2].lower()
        if self.options.domains and domain not in self.options.domains:
            raise DomainRefused(
                "Your e-mail address is not confirmed, or its domain is not let in here."
                if not claims.email
                else f"Addresses of {domain} are not let in here.",
                advice="Ask an administrator.",
            )

    def _person(self, connection: Connection, claims: Claims, link: str) -> Person:
        """Who somebody is here: by their identity, by a link, by an invitation, or newly made."""
        known = person_known_as(connection, claims.subject)
        if link:
            return _by_link(connection, claims, link, known)
        if known:
            return known
        try:
            named = person_of(connection, claims.name)
        except NotFound:
            named = None
        if named is not None:
            _check_only_invited(named, claims)
        elif self.options.makes_accounts and is_anybody_there(connection):
            named = create_person(connection, claims.name)
        else:
            raise AccountNeeded(
                f"Nobody has invited {claims.name} yet.",
                advice="Ask an administrator for an invitation.",
            )
        bind(connection, named.id, claims.subject)
        end_links(connection, named.id)
        return named


def _check_answers(returned: Returned, attempt: Attempt) -> None:
    if not returned.state or not same(returned.state, attempt.state):
        raise OidcRefused("The answer belongs to another attempt.", advice="Sign in again.")
    if returned.error or not returned.code:
        raise OidcRefused("The provider has not let you in.", advice="Sign in again.")


def _by_link(connection: Connection, claims: Claims, token: str, known: Person | None) -> Person:
    link = link_of(connection, token)
    if link.person_id is None:
        raise LinkInvalid("The first administrator chooses a password.")
    if known is not None and known.id != link.person_id:
        raise AccountExists(
            "You have another account here already.", advice="Sign in without the link."
        )
    person = get_person(connection, link.person_id)
    if not person.suspended:
        bind(connection, person.id, claims.subject)
        end_links(connection, person.id)
    return person


def _check_only_invited(person: Person, claims: Claims) -> None:
    """Refuse an account that somebody has entered, or that only an unproved name points to."""
    is_entered = person.has_password or person.has_identity or person.signed_in_at
    if is_entered or not claims.email:
        raise AccountExists(
            f"There is an account named {claims.name} already.",
            advice="If it is yours, ask an administrator for a link to connect it.",
        )
