"""The format of a file by its content; its name only tells plain-text formats apart."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path, PurePosixPath

from ingest.errors import (
    DamagedFile,
    EmptyFile,
    LimitExceeded,
    PasswordNeeded,
    UnsupportedFormat,
)

SUPPORTED = (
    "PDF, Word (docx), PowerPoint (pptx), Excel (xlsx), OpenDocument text (odt), CSV, HTML, "
    "Markdown, plain text, e-mail (eml) and images (PNG, JPEG, TIFF, WebP, GIF, BMP)"
)
"""The formats for people, in the words of the error message."""

ENDINGS = (
    *(".pdf", ".docx", ".pptx", ".xlsx", ".odt", ".csv", ".tsv", ".html", ".htm", ".xhtml"),
    *(".md", ".markdown", ".txt", ".eml", ".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp"),
    *(".gif", ".bmp"),
)
"""How the names of such files usually end, for a picker; other names are taken as well."""

_HEAD_BYTES = 1 << 16
_OOXML = "application/vnd.openxmlformats-officedocument"
_ODT = "application/vnd.oasis.opendocument.text"
_CONTENT_TYPES = "[Content_Types].xml"
_ZIP_MEMBERS = (
    ("word/document.xml", f"{_OOXML}.wordprocessingml.document"),
    ("ppt/presentation.xml", f"{_OOXML}.presentationml.presentation"),
    ("xl/workbook.xml", f"{_OOXML}.spreadsheetml.sheet"),
)
"""The main part of each office format, by the name that it mostly has."""
_IMAGES = (
    (re.compile(rb"\x89PNG\r\n\x1a\n"), "image/png"),
    (re.compile(rb"\xff\xd8\xff"), "image/jpeg"),
    (re.compile(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"), "image/tiff"),
    (re.compile(rb"RIFF....WEBP", re.DOTALL), "image/webp"),
    (re.compile(rb"GIF8[79]a"), "image/gif"),
    (re.compile(rb"BM.{4}\0\0\0\0.{4}[\x0c\x28\x38\x40\x6c\x7c]\0\0\0", re.DOTALL), "image/bmp"),
)
_UNSUPPORTED = (
    (b"{\\rtf", "an RTF document"),
    (b"%!PS", "a PostScript document"),
)
_UNSUPPORTED_BINARY = (
    (b"MZ", "a Windows program"),
    (b"\x7fELF", "a program"),
    (b"\x1f\x8b", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"SQLite format 3\0", "an SQLite database"),
    (b"OggS", "a sound or video file"),
    (b"ID3", "a sound file"),
    (b"\x1aE\xdf\xa3", "a video file"),
)
_ZIP = (b"PK\3\4", b"PK\5\6", b"PK\7\x08")
_MOST_ZIP_BYTES = 1 << 20
"""Of a zip file's directory: far more than any office file has, little enough for the server."""
_BOUNDED = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Inflated no further than is asked for; Office writes no other."""
_BROKEN_ZIP = (
    *(zipfile.BadZipFile, OSError, NotImplementedError, RuntimeError, ValueError),
    *(zlib.error, EOFError),
)
_CFB = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"
_ENCRYPTED_PACKAGE = "EncryptedPackage".encode("utf-16-le")
_BY_SUFFIX = {
    ".csv": "text/csv",
    ".tsv": "text/csv",
    ".htm": "text/html",
    ".html": "text/html",
    ".xhtml": "text/html",
    ".md": "text/markdown",
    ".markdown": "text/markdown",
    ".eml": "message/rfc822",
}
_HTML = re.compile(
    r"\s*+(?:<\?xml[^>]*>\s*+)?(?:<!--(?>.*?-->)\s*+)*+<(?:!doctype\s+html|html)\b", re.I | re.S
)
_XML = re.compile(r"\s*(?:<\?xml|<!doctype|<svg)\b", re.I)
_MAIL = re.compile(r"(?:[!-9;-~]+:[^\n]*\n(?:[ \t][^\n]*\n)*){2,}", re.ASCII)
_MAIL_MARKS = re.compile(r"^(?:from|received|message-id|mime-version|return-path):", re.I | re.M)


def media_type_of(path: Path, name: str) -> str:
    """The media type of a file, called ``name`` by people.

    Raises EmptyFile, UnsupportedFormat, PasswordNeeded, DamagedFile or LimitExceeded ("too_large").
    """
    with open(path, "rb") as file:
        head = file.read(_HEAD_BYTES)
    if not head.strip(b"\0\t\r\n "):
        raise EmptyFile("The file is empty.")
    if head.startswith(_ZIP):
        return _zip_type(path)
    if head.startswith(_CFB):
        raise _compound_file(path)
    for pattern, media_type in _IMAGES:
        if pattern.match(head):
            return media_type
    if b"%PDF-" in head[:1024] and not _is_markup(head):
        return "application/pdf"
    for signature, what in _UNSUPPORTED:
        if head.startswith(signature):
            raise _unsupported(what)
    return _text_type(head, name)


def _is_markup(head: bytes) -> bool:
    start = head[:1024].lstrip(b"\xef\xbb\xbf\t\r\n ").lower()
    return start.startswith((b"<!doctype", b"<html", b"<svg", b"<?xml", b"mz", b"from:"))


def _zip_type(path: Path) -> str:
    """The office format of a zip file by its members."""
    try:
        with _ZipReader(io.FileIO(path)) as file, zipfile.ZipFile(file) as archive:
            mimetype = archive.read("mimetype")[:200] if _small(archive, "mimetype") else b""
            office_type = _office_type(archive)
    except _BROKEN_ZIP as error:
        raise DamagedFile("The file begins like a zip archive and cannot be opened.") from error
    if mimetype.strip() == _ODT.encode():
        return _ODT
    if office_type:
        return office_type
    if mimetype:
        raise _unsupported(f"a file of type {mimetype.decode('ascii', 'replace').strip()}")
    raise _unsupported("a zip archive")


def _office_type(archive: zipfile.ZipFile) -> str:
    """The format of an Office file by its main part, "" for another archive."""
    names = set(archive.namelist())
    if _CONTENT_TYPES not in names:
        return ""
    for member, media_type in _ZIP_MEMBERS:
        if member in names:
            return media_type
    listed = _listed_types(archive)
    types = (media_type for _, media_type in _ZIP_MEMBERS)
    return next((each for each in types if f"{each}.main+xml".encode() in listed), "")


def _listed_types(archive: zipfile.ZipFile) -> bytes:
    """The list of the types of all parts, as far as the server reads it."""
    if archive.getinfo(_CONTENT_TYPES).compress_type not in _BOUNDED:
        return b""
    with archive.open(_CONTENT_TYPES) as file:
        return file.read(_MOST_ZIP_BYTES)


class _ZipReader(io.BufferedReader):
    """A zip file of which nothing large is read at once, as its whole directory is."""

    def read(self, size: int | None = -1, /) -> bytes:
        """See the base class. Raises LimitExceeded ("too_large")."""
        if size is not None and size > _MOST_ZIP_BYTES:
            raise LimitExceeded(
                "too_large",
                "The file begins like a zip archive and has far too many members.",
                advice="Save it anew with the program that it comes from.",
            )
        return super().read(size)


def _small(archive: zipfile.ZipFile, member: str) -> bool:
    return member in archive.namelist() and archive.getinfo(member).file_size < 1_000


def _compound_file(path: Path) -> PasswordNeeded | UnsupportedFormat:
    """An OLE container: an encrypted office file, or an old format."""
    with open(path, "rb") as file:
        overlap = b""
        while chunk := file.read(1 << 20):
            if _ENCRYPTED_PACKAGE in overlap + chunk:
                return PasswordNeeded(
                    "The office document opens only with a password.",
                    advice="Save a copy without a password and upload that.",
                )
            overlap = chunk[-len(_ENCRYPTED_PACKAGE) :]
    return _unsupported("an old Office document (doc, xls, ppt) or a message file (msg)")


def _text_type(head: bytes, name: str) -> str:
    text = _as_text(head)
    if text is None:
        raise _unsupported(_binary_format(head))
    suffix = PurePosixPath(name.lower()).suffix
    if _HTML.match(text):
        return "text/html"
    if _XML.match(text) and _BY_SUFFIX.get(suffix) != "text/html":
        raise _unsupported("an SVG image" if "<svg" in text.lower() else "an XML file")
    mail = _MAIL.match(text.replace("\r\n", "\n"))
    if mail and _MAIL_MARKS.search(mail.group()) and suffix in ("", ".eml", ".mht", ".txt"):
        return "message/rfc822"
    return _BY_SUFFIX.get(suffix, "text/plain")


def _binary_format(head: bytes) -> str:
    for signature, what in _UNSUPPORTED_BINARY:
        if head.startswith(signature):
            return what
    return "a binary file of an unknown format"


def _as_text(head: bytes) -> str | None:
    """The beginning as text, or None if it is binary."""
    if head.startswith((b"\xff\xfe", b"\xfe\xff")):
        return head.decode("utf-16", "replace")
    text = head.decode("utf-8", "replace")
    controls = sum(code < 32 and code not in (8, 9, 10, 12, 13, 27) for code in head)
    if controls > len(head) // 200:
        return None
    return text.removeprefix("\ufeff")


def _unsupported(what: str) -> UnsupportedFormat:
    return UnsupportedFormat(
        f"The file looks like {what}, which is not supported.",
        advice=f"Supported are {SUPPORTED}.",
    )
