"""One parser for each family of file formats, and the choice among them.

A parser is a callable ``(path) -> Iterator[DocumentInfo | ParsedPage]``: one ``DocumentInfo``
first, then pages in order. Parsers run only inside ``ingest.sandbox``.
"""

from __future__ import annotations

from importlib import import_module

from ingest.errors import UnsupportedFormat
from ingest.pages import Parser

__all__ = ["MEDIA_TYPES", "parser_for"]

_OOXML = "application/vnd.openxmlformats-officedocument"

_MODULES = {
    "application/pdf": "pdf",
    f"{_OOXML}.wordprocessingml.document": "word",
    f"{_OOXML}.presentationml.presentation": "slides",
    f"{_OOXML}.spreadsheetml.sheet": "spreadsheet",
    "application/vnd.oasis.opendocument.text": "opendocument",
    "text/csv": "csv",
    "text/html": "html",
    "text/markdown": "markdown",
    "text/plain": "text",
    "message/rfc822": "email",
    "image/png": "image",
    "image/jpeg": "image",
    "image/tiff": "image",
    "image/webp": "image",
    "image/gif": "image",
    "image/bmp": "image",
}

MEDIA_TYPES = frozenset(_MODULES)
"""Every media type that has a parser."""


def parser_for(media_type: str) -> Parser:
    """The parser of a media type; only its own module is imported.

    Raises UnsupportedFormat.
    """
    name = _MODULES.get(media_type)
    if name is None:
        raise UnsupportedFormat(f"There is no parser for {media_type!r}.")
    parser: Parser = import_module(f"{__name__}.{name}").parse
    return parser
