"""One attempt to sign in by the provider, kept in a cookie of the browser that makes it."""

from __future__ import annotations

import base64
import json
import re
import secrets
from dataclasses import asdict, dataclass, field, fields
from hashlib import sha256

from serve.oidc.errors import OidcRefused

LIFETIME_SECONDS = 600
_LONGEST = 3_000
_LONGEST_PATH = 500
_LOCAL = re.compile(r"/(?![/\\])[\x21-\x5b\x5d-\x7e]*")


@dataclass(frozen=True, slots=True)
class Attempt:
    """What an answer of the provider is held against.

    ``link`` is the token of an invitation that is answered by it, if any.
    """

    return_to: str = "/"
    link: str = field(default="", repr=False)
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(32), repr=False)
    verifier: str = field(default_factory=lambda: secrets.token_urlsafe(48), repr=False)

    @property
    def challenge(self) -> str:
        """What the provider is told of the verifier before it is shown (PKCE, S256)."""
        digest = sha256(self.verifier.encode()).digest()
        return base64.urlsafe_b64encode(digest).rstrip(b"=").decode()

    def sealed(self) -> str:
        """It as the value of a cookie."""
        return base64.urlsafe_b64encode(json.dumps(asdict(self)).encode()).decode()


def attempt_in(cookie: str) -> Attempt:
    """The attempt that a browser has begun.

    Raises:
        OidcRefused: It has begun none.
    """
    found = _fields(cookie)
    if found is None:
        raise OidcRefused(
            "This browser has not begun to sign in, or too long ago.",
            advice="Sign in again, and let this site keep cookies.",
        )
    return Attempt(**found)


def _fields(cookie: str) -> dict[str, str] | None:
    try:
        found = json.loads(base64.urlsafe_b64decode(cookie[:_LONGEST].encode("ascii")))
    except (ValueError, RecursionError):
        return None
    names = {each.name for each in fields(Attempt)}
    if not isinstance(found, dict) or found.keys() != names:
        return None
    whole = all(isinstance(each, str) and each.isascii() for each in found.values())
    return found if whole else None


def local_path(path: str) -> str:
    """The path, if it is one of this site; otherwise the start page."""
    return path if len(path) <= _LONGEST_PATH and _LOCAL.fullmatch(path) else "/"
