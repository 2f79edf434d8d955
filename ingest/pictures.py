"""Pages of image files as PNG, for those formats that browsers do not show."""

from __future__ import annotations

import threading
from pathlib import Path

from ingest.sandbox import Limits, picture

_LIMITS = Limits(memory_bytes=1 << 30, cpu_seconds=20, wall_seconds=30, stall_seconds=30)
_AT_ONCE = 2


class Pictures:
    """Makes pictures in the sandbox, a few at once; safe to use from several threads."""

    def __init__(self) -> None:
        self._free = threading.BoundedSemaphore(_AT_ONCE)

    def png(self, path: Path, number: int) -> bytes:
        """Page ``number`` of an image file. Raises IngestError."""
        with self._free:
            return picture(path, number, _LIMITS)
