"""Why a document cannot be taken in.

IngestError
├── UnsupportedFormat       unsupported_format
├── PasswordNeeded          password_needed
├── DamagedFile             damaged_file
├── NoTextFound             no_text_found
├── EmptyFile               empty_file
├── LimitExceeded           too_large | too_much_text | too_many_pages | too_slow | too_much_memory
├── ParserDied              parser_died
├── ClosedDuplicate         closed_duplicate
├── DiskFull                disk_full
├── OriginalsUnusable       originals_unusable
└── JobCancelled            cancelled
"""

from __future__ import annotations

from typing import Literal

from retrieval.errors import CloisterError


class IngestError(CloisterError):
    """A document that cannot be taken in; the reason is kept with it."""

    code = "ingest_error"


class UnsupportedFormat(IngestError):
    """The content is of no format that we parse."""

    code = "unsupported_format"


class PasswordNeeded(IngestError):
    """The file opens only with a password."""

    code = "password_needed"


class DamagedFile(IngestError):
    """The file claims a format and breaks its rules."""

    code = "damaged_file"


class NoTextFound(IngestError):
    """The file holds no text, and no text could be recognised in its images."""

    code = "no_text_found"


class EmptyFile(IngestError):
    """The file has no bytes."""

    code = "empty_file"


class LimitExceeded(IngestError):
    """The file needs more of something than the limits allow."""

    def __init__(
        self,
        code: Literal[
            "too_large", "too_much_text", "too_many_pages", "too_slow", "too_much_memory"
        ],
        message: str,
        *,
        advice: str = "",
    ) -> None:
        super().__init__(message, advice=advice)
        self.code = code


class ParserDied(IngestError):
    """The process that parsed the file ended without a word."""

    code = "parser_died"


class ClosedDuplicate(IngestError):
    """The content is there already, in a document that the uploader may not see."""

    code = "closed_duplicate"


class DiskFull(IngestError):
    """Less disk space is free than the reserve."""

    code = "disk_full"


class OriginalsUnusable(IngestError):
    """The store of the original files cannot be opened under its URL, reached, or written to."""

    code = "originals_unusable"


class JobCancelled(IngestError):
    """Somebody cancelled the job."""

    code = "cancelled"
