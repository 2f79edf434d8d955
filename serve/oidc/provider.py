"""The organisation's OpenID provider over HTTP: what it offers, its keys, and its word."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import httpx

from serve.oidc.attempt import Attempt
from serve.oidc.errors import OidcRefused, OidcUnavailable
from serve.oidc.id_token import Expected, claims_of, signer_of, signing_key
from serve.oidc.offer import Json, Offer
from serve.oidc.options import OidcOptions

log = logging.getLogger(__name__)

_DISCOVERY = "/.well-known/openid-configuration"
_TIMEOUT = httpx.Timeout(10.0, connect=5.0)
_LONGEST_SECONDS = 20.0
_LONGEST_REPLY = 1 << 20


@dataclass(frozen=True, slots=True)
class Returned:
    """What a browser brings back from the provider."""

    code: str
    state: str
    issuer: str = ""
    error: str = ""


@dataclass(slots=True)
class Provider:
    """One provider; it is asked for the first time when somebody signs in."""

    options: OidcOptions
    _offer: Offer = field(init=False)
    _keys: list[Json] = field(default_factory=list)
    _tls: ssl.SSLContext | None = None

    def __post_init__(self) -> None:
        self._offer = Offer(self._asked_offer)

    def sign_in_address(self, attempt: Attempt, redirect_uri: str) -> str:
        """Where a browser goes to sign in."""
        return self._page(
            "authorization_endpoint",
            response_type="code",
            client_id=self.options.client_id,
            redirect_uri=redirect_uri,
            scope=self.options.scopes,
            state=attempt.state,
            nonce=attempt.nonce,
            code_challenge=attempt.challenge,
            code_challenge_method="S256",
        )

    def sign_out_address(self, return_uri: str) -> str | None:
        """Where a browser goes to sign out of the provider as well, if it offers that."""
        if not self._offered().get("end_session_endpoint"):
            return None
        return self._page(
            "end_session_endpoint",
            client_id=self.options.client_id,
            post_logout_redirect_uri=return_uri,
        )

    def claims(self, returned: Returned, attempt: Attempt, redirect_uri: str) -> Json:
        """What the provider says about who has signed in.

        Raises:
            OidcRefused: What was brought back proves nothing.
            OidcUnavailable: The provider does not answer.
        """
        offered = self._offered()
        if returned.issuer != self.options.issuer and (
            returned.issuer or offered.get("authorization_response_iss_parameter_supported")
        ):
            raise OidcRefused("The answer is of another provider.", advice="Sign in again.")
        tokens = self._tokens(returned.code, attempt, redirect_uri)
        claims = self._verified(str(tokens.get("id_token", "")), attempt)
        return self._more_about(claims, str(tokens.get("access_token", ""))) | claims

    def _tokens(self, code: str, attempt: Attempt, redirect_uri: str) -> Json:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "code_verifier": attempt.verifier,
        }
        headers, proof = self._client_proof()
        address = self._address("token_endpoint")
        status, reply = self._fetched("POST", address, headers=headers, data=form | proof)
        if status in (httpx.codes.BAD_REQUEST, httpx.codes.UNAUTHORIZED):
            # Its reason is for who runs this server, and holds no secret.
            log.warning("the OpenID provider refuses a code: %s", str(reply.get("error"))[:100])
            raise OidcRefused(
                "The provider does not accept what this browser brought back.",
                advice="Sign in again.",
            )
        if status != httpx.codes.OK:
            raise _unavailable(f"answers {status} at its token endpoint")
        return reply

    def _client_proof(self) -> tuple[dict[str, str], dict[str, str]]:
        """Our own name and secret, as a header and as fields."""
        name, secret = self.options.client_id, self.options.client_secret
        ways = self._offered().get("token_endpoint_auth_methods_supported")
        if not secret:
            return {}, {"client_id": name}
        if isinstance(ways, list) and "client_secret_basic" not in ways:
            return {}, {"client_id": name, "client_secret": secret}
        pair = httpx.BasicAuth(quote(name, safe=""), quote(secret, safe=""))
        request = next(pair.auth_flow(httpx.Request("POST", self.options.issuer)))
        return {"Authorization": request.headers["Authorization"]}, {}

    def _verified(self, token: str, attempt: Attempt) -> Json:
        signer = signer_of(token)
        key = signing_key(self._keys, signer)
        if key is None:
            # The provider may have changed its keys since they were read.
            key = signing_key(self._read_keys(), signer)
        if key is None:
            raise OidcRefused("The provider's ID token is signed by a key that it does not show.")
        expected = Expected(self.options.issuer, self.options.client_id, attempt.nonce)
        return claims_of(token, key, expected)

    def _read_keys(self) -> list[Json]:
        status, reply = self._fetched("GET", self._address("jwks_uri"))
        keys = reply.get("keys")
        if status != httpx.codes.OK or not isinstance(keys, list):
            raise _unavailable("does not show its keys")
        self._keys = [each for each in keys if isinstance(each, dict)]
        return self._keys

    def _more_about(self, claims: Mapping[str, Any], access_token: str) -> Json:
        """What the provider tells only where it is asked about somebody: often their groups."""
        address = str(self._offered().get("userinfo_endpoint", ""))
        if not address or not access_token or not self._is_ours(address):
            return {}
        headers = {"Authorization": f"Bearer {access_token}"}
        status, reply = self._fetched("GET", address, headers=headers)
        if status != httpx.codes.OK:
            raise _unavailable(f"answers {status} about who has signed in")
        if reply.get("sub") != claims["sub"]:
            raise OidcRefused("The provider speaks of two people.", advice="Sign in again.")
        return reply

    def _offered(self) -> Json:
        """What the provider offers, as it told within the last hour if it could be asked."""
        return self._offer.current()

    def _asked_offer(self) -> Json:
        status, reply = self._fetched("GET", self.options.issuer.rstrip("/") + _DISCOVERY)
        if status != httpx.codes.OK:
            raise _unavailable(f"answers {status} to what it offers")
        if reply.get("issuer") != self.options.issuer:
            raise _unavailable(
                f"calls itself {str(reply.get('issuer'))[:200]!r}, "
                f"and CLOISTER_OIDC_ISSUER is {self.options.issuer!r}"
            )
        return reply

    def _page(self, endpoint: str, **query: str) -> str:
        address = str(self._offered().get(endpoint, ""))
        parts = urlsplit(address)
        if parts.scheme not in ("https", "http") or not parts.netloc:
            raise _unavailable(f"names no {endpoint}")
        return f"{address}{'&' if parts.query else '?'}{urlencode(query)}"

    def _address(self, endpoint: str) -> str:
        address = str(self._offered().get(endpoint, ""))
        if not self._is_ours(address):
            raise _unavailable(
                f"names {urlsplit(address).netloc[:200]!r} as its {endpoint}, which is none of "
                "its hosts: CLOISTER_OIDC_HOSTS"
            )
        return address

    def _is_ours(self, address: str) -> bool:
        """Whether an address is of a host that the operator has named."""
        wanted, parts = urlsplit(self.options.issuer), urlsplit(address)
        return parts.scheme == wanted.scheme and parts.netloc in self.options.hosts

    def _fetched(self, method: str, address: str, **content: Any) -> tuple[int, Json]:
        deadline = time.monotonic() + _LONGEST_SECONDS
        if self._tls is None:
            self._tls = ssl.create_default_context(cafile=self.options.ca_file)
        try:
            with (
                httpx.Client(verify=self._tls, timeout=_TIMEOUT, trust_env=False) as http,
                http.stream(method, address, **content) as response,
            ):
                body = b""
                for part in response.iter_bytes():
                    body += part
                    if len(body) > _LONGEST_REPLY or time.monotonic() > deadline:
                        raise _unavailable("answers without end")
                return response.status_code, _object_in(body)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            log.warning("the OpenID provider does not answer: %s", type(error).__name__)
            raise _unavailable("does not answer") from error


def _object_in(body: bytes) -> Json:
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _unavailable(trouble: str) -> OidcUnavailable:
    return OidcUnavailable(
        f"The sign-in provider {trouble}.", advice="Try again later, or ask who runs this server."
    )
