"""Secrets that a machine makes: shown once, kept only as their SHA-256."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

SESSION, KEY, LINK, OPERATOR_TOKEN = "cls_", "clk_", "cll_", "clo_"
"""How each kind begins, so that none is taken for another."""

LONGEST = 200


def new_token(kind: str) -> str:
    """A secret that nobody can guess."""
    return kind + secrets.token_urlsafe(32)


def sha256_of(token: str) -> str:
    """What is kept of a secret."""
    return sha256(token.encode("utf-8", "surrogateescape")).hexdigest()


def csrf_token_of(session_token: str) -> str:
    """What a page sends back in a header, which pages of other sites cannot know."""
    return hmac.new(session_token.encode(), b"csrf", sha256).hexdigest()


def same(one: str, other: str) -> bool:
    """Whether two secrets are the same, in a time that does not say how much of them is."""
    return hmac.compare_digest(sha256_of(one), sha256_of(other))
