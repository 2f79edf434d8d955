"""E-mail (eml): who, when and what; then the text; then the attachments that hold text."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
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
_TEXTS = ("text/plain", "text/html")
_UNREADABLE = frozenset(
    {"application/pgp-signature", "application/pkcs7-signature", "application/x-pkcs7-signature"}
    | {"multipart/encrypted"}
)
_DEEPEST = 100
_BROKEN = (MessageError, LookupError, ValueError, AttributeError, TypeError, IndexError)
"""What the e-mail package raises on headers and bodies that break the rules."""


def parse(path: Path, *, with_attachments: bool = True) -> Iterator[DocumentInfo | ParsedPage]:
    """The message in parts, then the pages of its attachments, labelled with their names."""
    with open(path, "rb") as file:
        message = BytesParser(EmailMessage, policy=policy.default).parse(file)
    yield DocumentInfo(_header(message, "Subject"))
    contents = _contents(message)
    number = 1
    for parsed in pages_of(_blocks(message, contents.texts)):
        yield parsed
        number += 1
    if with_attachments:
        yield from attachment_pages(map(_attachment, contents.files), number)


def _header(message: EmailMessage, name: str) -> str:
    try:
        return one_line(str(message.get(name, "")), 500)
    except _BROKEN:
        return ""


@dataclass(frozen=True, slots=True)
class _Contents:
    """What is inside a part: the texts that its reader sees, in order, and the files."""

    texts: list[EmailMessage] = field(default_factory=list)
    files: list[EmailMessage] = field(default_factory=list)


def _contents(part: EmailMessage, depth: int = 0) -> _Contents:
    """What is inside a part, at any depth but not in messages that are attached to it."""
    kind = part.get_content_type()
    if kind in _UNREADABLE or depth > _DEEPEST:
        return _Contents()
    if part.get_content_maintype() == "multipart":
        parts = (each for each in part.iter_parts() if isinstance(each, EmailMessage))
        inside = [_contents(each, depth + 1) for each in parts]
        return _one_of(inside) if kind == "multipart/alternative" else _all_of(inside)
    if kind in _TEXTS and _told(part.get_content_disposition) != "attachment":
        return _Contents(texts=[part])
    return _Contents(files=[part])


def _all_of(inside: Sequence[_Contents]) -> _Contents:
    """What stands one after the other: a text with a name of its own is a file below a text."""
    together = _Contents()
    for contents in inside:
        for text in contents.texts:
            is_file = together.texts and _told(text.get_filename)
            (together.files if is_file else together.texts).append(text)
        together.files.extend(contents.files)
    return together


def _one_of(inside: Sequence[_Contents]) -> _Contents:
    """The same thing in several forms: plain text if it says anything, else HTML.

    The files beside any form belong to the message, but for text that is a form itself.
    """
    files = [
        file
        for contents in inside
        for file in contents.files
        if file.get_content_maintype() != "text" or _told(file.get_content_disposition)
    ]
    for kind in _TEXTS:
        for contents in inside:
            if any(text.get_content_type() == kind and _says(text) for text in contents.texts):
                return _Contents(contents.texts, files)
    return _Contents(files=files)


def _says(text: EmailMessage) -> bool:
    return bool(_decoded(text).strip())


def _blocks(message: EmailMessage, texts: Sequence[EmailMessage]) -> Iterator[TextBlock]:
    lines = [f"{name}: {value}" for name in _HEADERS if (value := _header(message, name))]
    yield TextBlock("\n".join(lines))
    for text in texts:
        if text.get_content_type() == "text/html":
            from ingest.parsers.html import blocks_in

            yield from blocks_in(_decoded(text))
        else:
            yield from map(TextBlock, paragraphs_in(_decoded(text)))


def _decoded(text: EmailMessage) -> str:
    charset = _told(text.get_content_charset)
    if charset or text.get_content_type() != "text/html":
        return decoded(_payload(text), charset)
    from ingest.parsers.html import markup_of

    return markup_of(_payload(text))


def _told(ask: Callable[[], str | None]) -> str:
    """What a header says, "" for nothing or what breaks the rules."""
    try:
        return ask() or ""
    except _BROKEN:
        return ""


def _payload(part: EmailMessage) -> bytes:
    try:
        payload = part.get_payload(decode=True)
    except _BROKEN:
        return b""
    return payload if isinstance(payload, bytes) else b""


def _attachment(part: EmailMessage) -> tuple[str, bytes]:
    """The name and the content of a file."""
    name = one_line(_told(part.get_filename) or part.get_content_type(), 150)
    if part.get_content_type() == "message/rfc822":
        return f"{name}.eml", _nested(part)
    return name, _payload(part)


def _nested(part: EmailMessage) -> bytes:
    try:
        return part.get_content().as_bytes()  # type: ignore[no-any-return]
    except _BROKEN:
        return b""
