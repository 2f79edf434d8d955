"""What can go wrong between people and the server; serve/errors.py draws the whole tree."""

from __future__ import annotations

from serve.errors import Busy, InvalidRequest, ServeError


class NotSignedIn(ServeError):
    """The request comes with nothing that says who it comes from, or with what holds no more."""

    code = "not_signed_in"


class SignInFailed(NotSignedIn):
    """Name and password do not belong together."""

    code = "sign_in_failed"


class NotAllowed(ServeError):
    """The caller may know of this, but not do that with it."""

    code = "not_allowed"


class KeyNotAllowed(NotAllowed):
    """The API key is not for this."""

    code = "key_not_allowed"


class AccessRevoked(NotAllowed):
    """What is being read may no longer be, or its reader no longer may."""

    code = "access_revoked"


class CsrfFailed(NotAllowed):
    """A change that a session asks for lacks the header that only its own pages can send."""

    code = "csrf_failed"


class TooManyAttempts(Busy):
    """Too many passwords were tried; ``retry_after`` says when the next one may be.

    ``is_first``: nobody was refused for the same reason shortly before.
    """

    code = "too_many_attempts"

    def __init__(
        self, message: str, *, advice: str = "", retry_after: int = 5, is_first: bool = False
    ) -> None:
        super().__init__(message, advice=advice, retry_after=retry_after)
        self.is_first = is_first


class WeakPassword(InvalidRequest):
    """The password would be guessed early; ``reason`` is a stable word for why."""

    code = "weak_password"


class LinkInvalid(ServeError):
    """The link was used, is too old, or never was one."""

    code = "link_invalid"


class NameTaken(ServeError):
    """Another person or group has the name."""

    code = "name_taken"


class FilledByProvider(ServeError):
    """The sign-in provider says who is in the group."""

    code = "filled_by_provider"


class LastAdministrator(ServeError):
    """Nobody would be left to let others in."""

    code = "last_administrator"


class QuotaExceeded(ServeError):
    """More would be kept than may be."""

    code = "quota_exceeded"


class PersonQuotaExceeded(QuotaExceeded):
    """The person would keep more than one may."""

    code = "person_quota_exceeded"


class CollectionQuotaExceeded(QuotaExceeded):
    """The collection would hold more than it may."""

    code = "collection_quota_exceeded"
