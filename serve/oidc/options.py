"""How the organisation's OpenID provider is used, from the settings."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from serve.errors import InvalidSetting
from serve.settings import Settings

_LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class OidcOptions:
    """The provider and what it may decide; ``hosts`` are the only ones that are contacted."""

    issuer: str
    client_id: str
    client_secret: str = field(repr=False)
    name: str
    scopes: str
    groups_claim: str
    administrators: str
    domains: frozenset[str]
    makes_accounts: bool
    hosts: frozenset[str]
    ca_file: Path | None = None


def oidc_options(settings: Settings) -> OidcOptions | None:
    """The provider of the settings; nothing where none is named.

    Raises:
        InvalidSetting: Something that it needs is missing.
    """
    if not settings.oidc_issuer:
        return None
    address = urlsplit(settings.oidc_issuer)
    if address.scheme != "https" and address.hostname not in _LOOPBACK:
        raise InvalidSetting(
            f"CLOISTER_OIDC_ISSUER is {settings.oidc_issuer!r}, which is not https.",
            advice="Without TLS, anybody in between could sign in as anybody.",
        )
    if not settings.oidc_client_id:
        raise InvalidSetting(
            "CLOISTER_OIDC_ISSUER is set, and CLOISTER_OIDC_CLIENT_ID is not.",
            advice="The provider gives it when Cloister is registered there.",
        )
    return OidcOptions(
        issuer=settings.oidc_issuer,
        client_id=settings.oidc_client_id,
        client_secret=settings.oidc_client_secret,
        name=settings.oidc_name,
        scopes=settings.oidc_scopes,
        groups_claim=settings.oidc_groups_claim,
        administrators=settings.oidc_admin_group,
        domains=frozenset(settings.oidc_email_domains.split(",")) - {""},
        makes_accounts=settings.oidc_accounts == "first_sign_in",
        hosts=frozenset({address.netloc, *settings.oidc_hosts.split(",")}) - {""},
        ca_file=settings.oidc_ca_file,
    )
