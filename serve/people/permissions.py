"""What an API key must be for, by the route that it is used on."""

from __future__ import annotations

import re

from serve.caller import EVERYTHING, Caller, Permission
from serve.people.errors import KeyNotAllowed

_READ = frozenset({Permission.SEARCH, Permission.ASK})
_ASK = frozenset({Permission.ASK})
_INGEST = frozenset({Permission.INGEST})
_ADMIN = frozenset({Permission.ADMIN})

_GETTING = ("GET", "HEAD", "OPTIONS")
_POSTING = ("POST", "PUT", "PATCH", "DELETE")
_ANY = (*_GETTING, *_POSTING)

_RULES: tuple[tuple[tuple[str, ...], str, frozenset[Permission]], ...] = (
    (_ANY, r"/api/v1/me", EVERYTHING),
    (_ANY, r"/api/v1/me/(export|conversations)", _ASK),
    (_GETTING, r"/api/v1/(status|limits)", EVERYTHING),
    (_POSTING, r"/api/v1/search", _READ),
    (_ANY, r"/api/v1/(chat|conversations|turns|feedback)(/.*)?", _ASK),
    (_GETTING, r"/api/v1/jobs(/.*)?", EVERYTHING),
    (_POSTING, r"/api/v1/(documents|jobs)(/\d+/(retry|cancel))?", _INGEST),
    (("DELETE",), r"/api/v1/documents/[^/]+", _INGEST),
    (_GETTING, r"/api/v1/documents(/.*)?", _READ | _INGEST),
    (_GETTING, r"/api/v1/collections(/[^/]+)?", EVERYTHING),
    (_ANY, r"/api/.*", _ADMIN),
    (("DELETE",), r"/v1/vector_stores/[^/]+", _ADMIN),
    (_POSTING, r"/v1/(files|vector_stores)(/(?!.*search).*)?", _INGEST),
    (_GETTING, r"/v1/(files|vector_stores)(/.*)?", _READ | _INGEST),
    (_POSTING, r"/v1/(embeddings|vector_stores/.*)", _READ),
    (_POSTING, r"/v1/.*", _ASK),
    (_ANY, r"/mcp(/.*)?", _ASK),
    (_GETTING, r"/.*", EVERYTHING),
)
"""The first rule that fits counts; asking includes searching. What fits none is for no key."""


def check_permission(caller: Caller, method: str, path: str) -> None:
    """Refuse a key on a route that it is not for.

    Raises:
        KeyNotAllowed: It is for something else.
    """
    if caller.permissions == EVERYTHING:
        return
    wanted = _wanted(method, path)
    if not caller.permissions & wanted:
        names = " or ".join(sorted(wanted)) or "people, not keys"
        raise KeyNotAllowed(f"This is for {names}, and the key is not.")


def _wanted(method: str, path: str) -> frozenset[Permission]:
    for methods, pattern, wanted in _RULES:
        if method in methods and re.fullmatch(pattern, path):
            return wanted
    return frozenset()
