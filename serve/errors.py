"""Errors of the server and its clients.

ServeError
├── InvalidRequest          invalid_request
├── NotReady                not_ready
├── ServerUnreachable       server_unreachable
├── LLMUnavailable          llm_unavailable
├── BindRefused             bind_refused
└── InvalidSetting          invalid_setting
"""

from __future__ import annotations

from retrieval.errors import CloisterError


class ServeError(CloisterError):
    """A request that the server cannot carry out, or a server that cannot be used."""

    code = "serve_error"


class InvalidRequest(ServeError):
    """The request breaks the rules of the API."""

    code = "invalid_request"


class NotReady(ServeError):
    """The server is still starting."""

    code = "not_ready"


class ServerUnreachable(ServeError):
    """No server answers at the address."""

    code = "server_unreachable"


class LLMUnavailable(ServeError):
    """What writes answers cannot be reached, or stopped in the middle."""

    code = "llm_unavailable"


class BindRefused(ServeError):
    """The address would let others in before there is sign-in."""

    code = "bind_refused"


class InvalidSetting(ServeError):
    """A setting has a value that it cannot have."""

    code = "invalid_setting"
