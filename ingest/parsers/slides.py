"""PowerPoint (pptx): a page for each slide, labelled with its title, the notes at its end."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import DamagedFile
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.archive import opened, relationships, xml
from ingest.parsers.page_text import TextBlock, one_line, page_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows

_P = "{http://schemas.openxmlformats.org/presentationml/2006/main}"
_A = "{http://schemas.openxmlformats.org/drawingml/2006/main}"
_R_ID = "{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TITLES = ("title", "ctrTitle")
_FURNITURE = ("sldNum", "dt", "ftr", "hdr", "sldImg")


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The slides in the order of the show. Raises DamagedFile, PasswordNeeded, LimitExceeded."""
    with opened(path) as archive:
        slides = _slides(archive)
        yield DocumentInfo(_title(archive), paged=True, page_count=len(slides))
        for number, member in enumerate(slides, 1):
            yield _slide(archive, member, number)


def _slides(archive: zipfile.ZipFile) -> list[str]:
    main = next(
        (name for kind, name in relationships(archive, "").values() if kind == "officeDocument"),
        None,
    )
    if main is None:
        raise DamagedFile("The PowerPoint file does not say where its slides are.")
    related = relationships(archive, main)
    listed = xml(archive, main).iterfind(f"{_P}sldIdLst/{_P}sldId")
    members = [related.get(slide.get(_R_ID, ""), ("", ""))[1] for slide in listed]
    return list(dict.fromkeys(member for member in members if member))


def _title(archive: zipfile.ZipFile) -> str:
    if "docProps/core.xml" not in archive.namelist():
        return ""
    return one_line(xml(archive, "docProps/core.xml").findtext(f".//{_TITLE}") or "", 500)


def _slide(archive: zipfile.ZipFile, member: str, number: int) -> ParsedPage:
    root = xml(archive, member)
    shapes = list(_shapes(root))
    titles = [_plain(shape) for shape in shapes if _placeholder(shape) in _TITLES]
    label = one_line(" ".join(titles), 200)
    section = (label,) if label else ()
    blocks: list[TextBlock] = []
    for shape in shapes:
        kind = _placeholder(shape)
        if kind not in _FURNITURE:
            blocks += _blocks(shape, section, is_title=kind in _TITLES)
    for kind, notes in relationships(archive, member).values():
        if kind == "notesSlide":
            blocks += _notes(archive, notes, (*section, "Notes"))
    return page_of(blocks, number, label)


def _shapes(root: Any) -> Iterator[Any]:
    """The shapes and tables of a slide in the order of the file, groups opened."""
    for shape in root.iter(f"{_P}sp", f"{_P}graphicFrame"):
        if not any(parent.tag == _FALLBACK for parent in shape.iterancestors()):
            yield shape


def _placeholder(shape: Any) -> str:
    """The kind of placeholder a shape is, "" for none."""
    node = shape.find(f"{_P}nvSpPr/{_P}nvPr/{_P}ph")
    return "" if node is None else str(node.get("type", "obj"))


def _blocks(shape: Any, section: tuple[str, ...], is_title: bool) -> Iterator[TextBlock]:
    if is_title:
        yield TextBlock(one_line(_plain(shape), 1_000), "heading", section)
        return
    for table in shape.iter(f"{_A}tbl"):
        rows = (
            [one_line(_plain(cell), MAX_CELL_CHARACTERS) for cell in row.iterchildren(f"{_A}tc")]
            for row in table.iterchildren(f"{_A}tr")
        )
        yield from table_rows(rows, section)
    for body in shape.iterchildren(f"{_P}txBody"):
        for paragraph in body.iterchildren(f"{_A}p"):
            yield TextBlock(_text(paragraph), section=section)


def _notes(archive: zipfile.ZipFile, member: str, section: tuple[str, ...]) -> Iterator[TextBlock]:
    for shape in _shapes(xml(archive, member)):
        if _placeholder(shape) not in _FURNITURE:
            yield from _blocks(shape, section, is_title=False)


def _plain(shape: Any) -> str:
    return "\n".join(_text(paragraph) for paragraph in shape.iter(f"{_A}p"))


def _text(paragraph: Any) -> str:
    pieces = [
        "\n" if node.tag == f"{_A}br" else node.text or ""
        for node in paragraph.iter(f"{_A}t", f"{_A}br")
    ]
    return "".join(pieces).strip()
