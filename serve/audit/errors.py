"""What can go wrong between a reader and the audit log; serve/errors.py draws the whole tree."""

from __future__ import annotations

from serve.errors import ServeError


class AuditUnavailable(ServeError):
    """Nothing can be recorded, so what would have to be is not done."""

    code = "audit_unavailable"
