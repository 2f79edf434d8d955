"""What can go wrong between the OpenID provider and us; serve/errors.py draws the whole tree."""

from __future__ import annotations

from serve.errors import ServeError
from serve.people.errors import NotAllowed, SignInFailed


class OidcUnavailable(ServeError):
    """The provider does not answer, or not as one."""

    code = "oidc_unavailable"


class OidcRefused(SignInFailed):
    """What comes back from the provider does not prove who somebody is."""

    code = "oidc_refused"


class AccountNeeded(NotAllowed):
    """The provider knows somebody whom nobody has let in here."""

    code = "account_needed"


class AccountExists(NotAllowed):
    """Somebody else has the name here, which the provider alone cannot give away."""

    code = "account_exists"


class DomainRefused(NotAllowed):
    """The e-mail address is unproved, or of a domain that is not let in."""

    code = "domain_refused"


class AccountSuspended(NotAllowed):
    """Somebody is who they say, and is suspended."""

    code = "account_suspended"
