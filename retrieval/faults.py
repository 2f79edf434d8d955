"""Named points at which a test kills the process, to show that a crash there does no harm.

Call sites are ``if __debug__: fault("name")``, so nothing of them is left under ``python -O``,
which is how ``make run`` and the container start.
"""

from __future__ import annotations

import os
import signal

POINTS = (
    "tables_made",
    "original_written",
    "upload_saved",
    "upload_committed",
    "job_claimed",
    "document_parsed",
    "document_embedded",
    "document_written",
    "document_published",
    "document_deleted",
    "original_deleted",
    "lexical_added",
    "lexical_committed",
    "lexical_purged",
    "snapshot_written",
)

_armed: set[str] = set()


def arm(point: str) -> None:
    """Make this process kill itself when it comes to ``point``."""
    if point not in POINTS:
        raise ValueError(f"unknown fault point {point!r}")
    _armed.add(point)


def fault(point: str) -> None:
    """Die here, as by ``kill -9``, if the point is armed."""
    if point in _armed:
        os.kill(os.getpid(), signal.SIGKILL)
