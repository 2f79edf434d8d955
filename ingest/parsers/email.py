"""E-mail (eml): who, when and what; then the text; then the attachments that hold text."""

from __future__ import annotations

from collections.abc import Iterator
from email import policy
from email.errors import MessageError
from email.message import EmailMessage
from email.parser import BytesParser
from pathlib import Path

from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.attachments import attachment_pages
from ingest.parsers.page_text import TextBlock, one_line, pages_of
from ingest.parsers.text import decoded, paragraphs_in

_HEADERS = ("From", "To", "Cc", "Date", "Subject")
_BROKEN = (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError)
"""What the e-mail package raises on headers and bodies that break the rules."""


def parse(path: Path, *, with_attachments: bool = True) -> Iterator[DocumentInfo | ParsedPage]:
    """The message in parts, then the pages of its attachments, labelled with their names."""
    with open(path, "rb") as file:
        message = BytesParser(EmailMessage, policy=policy.default).parse(file)
    yield DocumentInfo(_header(message, "Subject"))
    number = 1
    for parsed in pages_of(_blocks(message)):
        yield parsed
        number += 1
    if with_attachments:
        yield from attachment_pages(_attachments(message), number)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message.get(name, "")), 500)
    except _BROKEN:
        return ""


def _blocks(message: EmailMessage) -> Iterator[TextBlock]:
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    yield TextBlock("\n".join(lines))
    body = message.get_body(("plain", "html"))
    if not isinstance(body, EmailMessage):
        return
    if body.get_content_type() == "text/html":
        from ingest.parsers.html import blocks_in

        yield from blocks_in(_content(body))
    else:
        yield from map(TextBlock, paragraphs_in(_content(body)))


def _content(part: EmailMessage) -> str:
    """The text of a part; where the declared encoding is wrong, it is guessed."""
    try:
        return str(part.get_content()).replace("\r\n", "\n")
    except _BROKEN:
        return decoded(_payload(part))


def _payload(part: EmailMessage) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except _BROKEN:
        return b""
    return payload if isinstance(payload, bytes) else b""


def _attachments(message: EmailMessage) -> Iterator[tuple[str, bytes]]:
    for part in message.iter_attachments():
        if not isinstance(part, EmailMessage):
            continue
        name = one_line(part.get_filename() or part.get_content_type(), 150)
        if part.get_content_type() == "message/rfc822":
            yield f"{name}.eml", _nested(part)
        else:
            yield name, _payload(part)


def _nested(part: EmailMessage) -> bytes:
    try:
        return part.get_content().as_bytes()  # type: ignore[no-any-return]
    except _BROKEN:
        return b""
