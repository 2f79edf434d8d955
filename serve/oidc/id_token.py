"""Whether an ID token is a provider's word about somebody, for us, now, and in this attempt."""

from __future__ import annotations

import hmac
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jwt

from serve.oidc.errors import OidcRefused

ALGORITHMS = (
    *("RS256", "RS384", "RS512", "PS256", "PS384", "PS512"),
    *("ES256", "ES384", "ES512", "EdDSA"),
)
"""Only signatures by a key that the provider alone has: never ``none`` or a shared secret."""

_KEY_TYPES = ("RSA", "EC", "OKP")
_LEEWAY_SECONDS = 60
_LONGEST_SUBJECT = 255


@dataclass(frozen=True, slots=True)
class Expected:
    """What a token must say."""

    issuer: str
    client_id: str
    nonce: str


@dataclass(frozen=True, slots=True)
class Signer:
    """What a token says of its signature before anything of it is believed."""

    algorithm: str
    key_id: str | None


def signer_of(token: str) -> Signer:
    """How a token claims to be signed.

    Raises:
        OidcRefused: It is no token, or signed in a way that proves nothing.
    """
    try:
        header = jwt.get_unverified_header(token)
    except jwt.PyJWTError as error:
        raise _refused("is malformed") from error
    if header.get("alg") not in ALGORITHMS:
        raise _refused("is not signed in a way that proves anything")
    return Signer(header["alg"], header.get("kid"))


def signing_key(keys: Sequence[Mapping[str, Any]], signer: Signer) -> jwt.PyJWK | None:
    """The provider's key that a token names; where it names none, the only one that fits."""
    fit = [
        each
        for each in keys
        if each.get("kty") in _KEY_TYPES
        and each.get("use", "sig") == "sig"
        and each.get("alg", signer.algorithm) == signer.algorithm
        and (signer.key_id is None or each.get("kid") == signer.key_id)
    ]
    if len(fit) != 1:
        return None
    try:
        return jwt.PyJWK.from_dict(dict(fit[0]), signer.algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None


def claims_of(token: str, key: jwt.PyJWK, expected: Expected) -> dict[str, Any]:
    """What a token says about somebody.

    Raises:
        OidcRefused: It is not the provider's, not for us, not valid now, or of another attempt.
    """
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            key,
            algorithms=list(ALGORITHMS),
            audience=expected.client_id,
            issuer=expected.issuer,
            leeway=_LEEWAY_SECONDS,
            options={"require": ["iss", "sub", "aud", "exp", "iat"]},
        )
    except jwt.PyJWTError as error:
        raise _refused(_reason(error)) from error
    if claims.get("azp", expected.client_id) != expected.client_id:
        raise _refused("is for another program")
    nonce = claims.get("nonce")
    if not isinstance(nonce, str) or not hmac.compare_digest(
        nonce.encode("utf-8", "surrogatepass"), expected.nonce.encode()
    ):
        raise _refused("belongs to another attempt")
    subject = claims["sub"]
    if not subject or len(subject) > _LONGEST_SUBJECT or not subject.isprintable():
        raise _refused("does not name anybody")
    return claims


def _reason(error: jwt.PyJWTError) -> str:
    if isinstance(error, jwt.ExpiredSignatureError):
        return "has expired"
    if isinstance(error, jwt.InvalidAudienceError):
        return "is for another program"
    if isinstance(error, jwt.InvalidIssuerError):
        return "is of another provider"
    if isinstance(error, jwt.InvalidSignatureError):
        return "has a wrong signature"
    return "does not hold"


def _refused(reason: str) -> OidcRefused:
    return OidcRefused(f"The provider's ID token {reason}.", advice="Sign in again.")
