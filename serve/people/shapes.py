"""From people's own values to what goes over the wire."""

from __future__ import annotations

from serve.people.quotas import Kept
from serve.schemas import QuotaOut


def quota_out(kept: Kept) -> QuotaOut:
    """How much is kept, and may be, for the wire."""
    return QuotaOut(
        bytes=kept.quota.bytes,
        documents=kept.quota.documents,
        used_bytes=kept.used.bytes or 0,
        used_documents=kept.used.documents or 0,
    )
