"""Lists in pages, each of which goes on after the id that ended the last."""

from __future__ import annotations

import re
from dataclasses import dataclass

from serve.errors import InvalidRequest
from serve.openai_door.files import number_of

FILE_CURSOR = re.compile(r"file-(\d{1,19})", re.ASCII)
STORE_CURSOR = re.compile(r"vs_(\d{1,19})", re.ASCII)


@dataclass(frozen=True, slots=True)
class Paging:
    """At most ``limit`` items whose number is above ``after``."""

    after: int
    limit: int

    @classmethod
    def of(cls, pattern: re.Pattern[str], after: str, limit: int) -> Paging:
        """A page after an id, or the first one.

        Raises:
            InvalidRequest: The id is none of ours.
        """
        if not after:
            return cls(0, limit)
        number = number_of(pattern, after)
        if number is None:
            raise InvalidRequest(f"The cursor {after[:40]!r} is none of ours.")
        return cls(number, limit)
