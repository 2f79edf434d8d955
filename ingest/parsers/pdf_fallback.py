"""PDFs that pdfium cannot open: text by pypdf, slower and without boxes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from pypdf import PdfReader
from pypdf.errors import FileNotDecryptedError, PyPdfError

from ingest.errors import DamagedFile, PasswordNeeded
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.page_text import TextBlock, page_of
from ingest.parsers.text import paragraphs_in

_BROKEN = (PyPdfError, ValueError, KeyError, TypeError, AttributeError, IndexError, OSError)
"""What pypdf raises on damaged files (it is lenient, not systematic)."""


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """Pages without geometry. Raises PasswordNeeded or DamagedFile."""
    try:
        reader = PdfReader(path, strict=False)
        count = len(reader.pages)
    except FileNotDecryptedError as error:
        raise PasswordNeeded("The PDF opens only with a password.") from error
    except _BROKEN as error:
        raise _damaged() from error
    if not count:
        raise _damaged()
    yield DocumentInfo(paged=True, page_count=count)
    for number in range(1, count + 1):
        try:
            text = reader.pages[number - 1].extract_text()
        except _BROKEN:
            text = ""
        yield page_of([TextBlock(paragraph) for paragraph in paragraphs_in(text)], number)


def _damaged() -> DamagedFile:
    return DamagedFile(
        "The PDF is damaged: neither of two readers finds its pages.",
        advice="Open it in a viewer, print it to a new PDF and upload that.",
    )
