"""Files inside a document: their text becomes further pages of it, one level deep."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from ingest.errors import IngestError, LimitExceeded
from ingest.formats import media_type_of
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers import parser_for

MAX_ATTACHMENT_BYTES = 32 << 20
_MOST_ATTACHMENTS = 100
_LABEL = "attachment: "


def attachment_pages(
    attachments: Iterable[tuple[str, bytes]], first_number: int
) -> Iterator[ParsedPage]:
    """The pages of all (name, content) that hold text, numbered on, labelled with the name.

    Attachments that cannot be read are left out; LimitExceeded is passed on.
    """
    number = first_number
    for count, (name, content) in enumerate(attachments):
        if count >= _MOST_ATTACHMENTS:
            return
        if not content or len(content) > MAX_ATTACHMENT_BYTES:
            continue
        for parsed in _pages(name, content):
            page = replace(parsed.page, number=number, label=_LABEL + name)
            yield replace(parsed, page=page)
            number += 1


def _pages(name: str, content: bytes) -> Iterator[ParsedPage]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "attachment"
        path.write_bytes(content)
        try:
            for item in _items(path, name):
                if isinstance(item, ParsedPage) and item.page.text:
                    yield item
        except LimitExceeded:
            raise
        except IngestError:
            return


def _items(path: Path, name: str) -> Iterator[DocumentInfo | ParsedPage]:
    media_type = media_type_of(path, name)
    if media_type.startswith("image/"):  # logos and signatures, hardly ever text
        return iter(())
    if media_type == "application/pdf":
        from ingest.parsers.pdf import parse as parse_pdf

        return parse_pdf(path, with_attachments=False)
    if media_type == "message/rfc822":
        from ingest.parsers.email import parse as parse_email

        return parse_email(path, with_attachments=False)
    return parser_for(media_type)(path)
