"""The format of a file is told by its content."""

from __future__ import annotations

from pathlib import Path

import pytest

from ingest.errors import DamagedFile, EmptyFile, PasswordNeeded, UnsupportedFormat
from ingest.formats import media_type_of
from ingest.parsers import MEDIA_TYPES
from tests.fixtures.documents import (
    IMAGE_ENDINGS,
    WRITERS,
    write_encrypted_office,
    write_image,
    write_zip,
)

OOXML = "application/vnd.openxmlformats-officedocument"
EXPECTED = {
    "pdf": "application/pdf",
    "docx": f"{OOXML}.wordprocessingml.document",
    "pptx": f"{OOXML}.presentationml.presentation",
    "xlsx": f"{OOXML}.spreadsheetml.sheet",
    "odt": "application/vnd.oasis.opendocument.text",
    "csv": "text/csv",
    "html": "text/html",
    "md": "text/markdown",
    "txt": "text/plain",
    "eml": "message/rfc822",
}
TOLD_BY_NAME = ("csv", "md")


@pytest.mark.parametrize("ending", WRITERS)
def test_every_format_is_recognised(ending: str, tmp_path: Path) -> None:
    path = WRITERS[ending](tmp_path / "file")
    assert media_type_of(path, f"Some name.{ending.upper()}") == EXPECTED[ending]


@pytest.mark.parametrize("ending", [one for one in WRITERS if one not in TOLD_BY_NAME])
def test_the_name_does_not_decide(ending: str, tmp_path: Path) -> None:
    path = WRITERS[ending](tmp_path / "file")
    assert media_type_of(path, "without ending") == EXPECTED[ending]
    if ending not in ("txt", "eml"):
        assert media_type_of(path, "lie.csv") == EXPECTED[ending]


@pytest.mark.parametrize("ending", IMAGE_ENDINGS)
def test_every_image_is_recognised(ending: str, tmp_path: Path) -> None:
    path = write_image(tmp_path / f"image.{ending}")
    assert media_type_of(path, "lie.pdf") == f"image/{ending}"


def test_every_media_type_has_a_parser() -> None:
    assert set(EXPECTED.values()) | {f"image/{one}" for one in IMAGE_ENDINGS} == MEDIA_TYPES


@pytest.mark.parametrize(
    ("content", "what"),
    [
        (b"MZ\x90\x00" + bytes(100), "Windows program"),
        (b"\x7fELF" + bytes(100), "program"),
        (b"<svg xmlns='http://www.w3.org/2000/svg'><script/></svg>", "SVG"),
        (b"<?xml version='1.0'?><root/>", "XML"),
        (b"{\\rtf1 hello}", "RTF"),
        (b"\x1f\x8b\x08" + bytes(50), "gzip"),
        (bytes(range(32)) * 40, "binary"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(2000), "old Office"),
    ],
)
def test_what_is_not_supported_says_what_it_looks_like(
    content: bytes, what: str, tmp_path: Path
) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(content)
    with pytest.raises(UnsupportedFormat, match=what) as caught:
        media_type_of(path, "file.pdf")
    assert "PDF" in caught.value.advice


def test_html_with_a_pdf_inside_is_html(tmp_path: Path) -> None:
    path = tmp_path / "file.pdf"
    path.write_bytes(b"<!DOCTYPE html><html><body>%PDF-1.7</body></html>")
    assert media_type_of(path, "file.pdf") == "text/html"


def test_bytes_before_a_pdf_are_allowed(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"\r\n\r\n%PDF-1.4\n" + bytes(100))
    assert media_type_of(path, "file") == "application/pdf"


@pytest.mark.parametrize("content", [b"", b" \r\n\t", bytes(10)])
def test_an_empty_file_says_so(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    with pytest.raises(EmptyFile):
        media_type_of(path, "file.txt")


def test_encrypted_office_files_need_a_password(tmp_path: Path) -> None:
    path = write_encrypted_office(tmp_path / "file")
    with pytest.raises(PasswordNeeded):
        media_type_of(path, "plan.docx")


def test_other_zip_files_are_told_apart(tmp_path: Path) -> None:
    plain = write_zip(tmp_path / "plain", {"a.txt": b"a"})
    with pytest.raises(UnsupportedFormat, match="zip archive"):
        media_type_of(plain, "a.docx")
    book = write_zip(tmp_path / "book", {"mimetype": b"application/epub+zip"})
    with pytest.raises(UnsupportedFormat, match="epub"):
        media_type_of(book, "a.docx")
    broken = tmp_path / "broken"
    broken.write_bytes(b"PK\x03\x04" + bytes(200))
    with pytest.raises(DamagedFile):
        media_type_of(broken, "a.docx")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "shift_jis"])
def test_text_in_any_encoding_is_text(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    words = "図書館の規則" if encoding == "shift_jis" else "Le règlement de la bibliothèque"
    path.write_bytes(words.encode(encoding))
    assert media_type_of(path, "a.md") == "text/markdown"
