"""The format of a file is told by its content."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest

from ingest.errors import (
    DamagedFile,
    EmptyFile,
    LimitExceeded,
    PasswordNeeded,
    UnsupportedFormat,
)
from ingest.formats import media_type_of
from ingest.pages import ParsedPage
from ingest.parsers import MEDIA_TYPES
from ingest.sandbox import parse
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


@pytest.mark.parametrize(
    "before", ["\n<!-- a --> \n<!-- <b> -->", '<?xml version="1.0"?>\n<!---->']
)
def test_html_may_begin_with_comments(before: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"{before}\n<html><body>Bread.</body></html>", encoding="utf-8")
    assert media_type_of(path, "file") == "text/html"


def test_many_comments_do_not_hold_up_the_server(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text("<!---->" * 5_000 + "x", encoding="utf-8")
    assert media_type_of(path, "file") == "text/plain"


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


@pytest.mark.parametrize(
    ("ending", "main"),
    [("docx", "word/document"), ("pptx", "ppt/presentation"), ("xlsx", "xl/workbook")],
)
def test_an_office_file_may_call_its_main_part_otherwise(
    ending: str, main: str, tmp_path: Path
) -> None:
    """As Word on the web does."""
    path = renamed(WRITERS[ending](tmp_path / "plain"), main)
    assert media_type_of(path, "a") == EXPECTED[ending]
    plain, other = (
        [item.page.text for item in parse(each, EXPECTED[ending]) if isinstance(item, ParsedPage)]
        for each in (tmp_path / "plain", path)
    )
    assert plain == other


def renamed(path: Path, main: str) -> Path:
    """The same file with another name for its main part."""
    folder, name = main.split("/")
    with zipfile.ZipFile(path) as archive:
        members = {
            member.replace(f"{name}.xml", f"{name}2.xml"): archive.read(member).replace(
                f"{main}.xml".encode(), f"{main}2.xml".encode()
            )
            for member in archive.namelist()
        }
    assert f"{folder}/{name}2.xml" in members
    return write_zip(path.with_name("renamed"), members)


def test_a_damaged_list_of_parts_is_damage(tmp_path: Path) -> None:
    path = write_zip(tmp_path / "a", {"[Content_Types].xml": bytes(range(256)) * 9})
    content = bytearray(path.read_bytes())
    content[60:90] = b"\xff" * 30
    path.write_bytes(content)
    with pytest.raises(DamagedFile):
        media_type_of(path, "a.docx")


def test_a_list_of_parts_that_expands_without_end_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "a"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_BZIP2) as archive:
        archive.writestr("[Content_Types].xml", bytes(50_000_000))
    with pytest.raises(UnsupportedFormat, match="zip archive"):
        media_type_of(path, "a.docx")


@pytest.mark.parametrize(
    "words", ["PK;name;price", "MZ-12 Réparation", "BZh was his name", "ID3 is a tag", "Rar! Rien."]
)
def test_text_that_begins_like_a_binary_file_is_text(words: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_text(f"{words}\n1;Brot;3\n2;Käse;4\n", encoding="utf-8")
    assert media_type_of(path, "a.csv") == "text/csv"


def test_a_zip_file_of_far_too_many_members_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "many.docx"
    with zipfile.ZipFile(path, "w") as archive:
        for number in range(25_000):
            archive.writestr(f"member-{number:06}", b"")
    with pytest.raises(LimitExceeded) as caught:
        media_type_of(path, "many.docx")
    assert caught.value.code == "too_large"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252", "shift_jis"])
def test_text_in_any_encoding_is_text(encoding: str, tmp_path: Path) -> None:
    path = tmp_path / "file"
    words = "図書館の規則" if encoding == "shift_jis" else "Le règlement de la bibliothèque"
    path.write_bytes(words.encode(encoding))
    assert media_type_of(path, "a.md") == "text/markdown"
