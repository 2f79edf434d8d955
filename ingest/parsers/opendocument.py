"""OpenDocument text (odt): headings as sections, tables as rows, notes where referred to."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ingest.errors import PasswordNeeded
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.archive import opened, xml
from ingest.parsers.flow import Tags, flow, rows_in
from ingest.parsers.page_text import Sections, TextBlock, one_line, pages_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows

_OASIS = "urn:oasis:names:tc:opendocument:xmlns"
_TEXT = f"{{{_OASIS}:text:1.0}}"
_TABLE = f"{{{_OASIS}:table:1.0}}"
_OFFICE = f"{{{_OASIS}:office:1.0}}"
_MANIFEST = f"{{{_OASIS}:manifest:1.0}}"
_TEXT_BOX = f"{{{_OASIS}:drawing:1.0}}text-box"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_TAGS = Tags((f"{_TEXT}p", f"{_TEXT}h"), f"{_TABLE}table", f"{_TABLE}table-row")
_SKIPPED = frozenset({f"{_TEXT}note", f"{_OFFICE}annotation", f"{_TEXT}tracked-changes"})
_LETTERS = {f"{_TEXT}tab": "\t", f"{_TEXT}line-break": "\n", f"{_TEXT}s": " ", f"{_TEXT}p": "\n"}
_MOST_REPEATED = 50


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The text in parts. Raises DamagedFile, PasswordNeeded or LimitExceeded."""
    with opened(path) as archive:
        _check_encryption(archive)
        title = ""
        if "meta.xml" in archive.namelist():
            title = xml(archive, "meta.xml").findtext(f".//{_TITLE}") or ""
        yield DocumentInfo(one_line(title, 500))
        yield from pages_of(_blocks(archive))


def _check_encryption(archive: zipfile.ZipFile) -> None:
    manifest = "META-INF/manifest.xml"
    if manifest in archive.namelist():
        for _ in xml(archive, manifest).iter(f"{_MANIFEST}encryption-data"):
            raise PasswordNeeded(
                "The document opens only with a password.",
                advice="Save a copy without a password and upload that.",
            )


def _blocks(archive: zipfile.ZipFile) -> Iterator[TextBlock]:
    sections = Sections()
    rows: list[list[str]] = []
    for kind, element in flow(archive, "content.xml", _TAGS):
        if kind == "paragraph":
            yield from _paragraph(element, sections)
        elif kind == "row":
            rows.append(_cells(element))
        else:
            yield from table_rows(rows, sections.path)
            rows = []


def _paragraph(element: Any, sections: Sections) -> Iterator[TextBlock]:
    if any(parent.tag in _SKIPPED for parent in element.iterancestors()):
        return
    text = _text(element)
    if text and element.tag == f"{_TEXT}h":
        level = element.get(f"{_TEXT}outline-level", "1")
        sections.enter(int(level) if level.isdecimal() else 1, text)
        yield TextBlock(text, "heading", sections.path)
    elif text:
        listed = any(parent.tag == f"{_TEXT}list-item" for parent in element.iterancestors())
        yield TextBlock("- " + text if listed else text, section=sections.path)
    for note in element.iter(f"{_TEXT}note-body"):
        yield TextBlock(_text(note), section=sections.path)


def _cells(row: Any) -> list[str]:
    cells: list[str] = []
    for cell in row.iterchildren(f"{_TABLE}table-cell", f"{_TABLE}covered-table-cell"):
        repeated = cell.get(f"{_TABLE}number-columns-repeated", "1")
        count = min(int(repeated), _MOST_REPEATED) if repeated.isdecimal() else 1
        cells += [one_line(_text(cell), MAX_CELL_CHARACTERS)] * count
    return cells


def _text(element: Any) -> str:
    """The visible text inside an element, notes and comments left out."""
    pieces: list[str] = []
    stack: list[Any] = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
            continue
        if node is not element and node.tail:
            stack.append(node.tail)
        if node.tag in _SKIPPED:
            continue
        if node.tag == _TAGS.table:
            pieces += ["\n" + "\t".join(_cells(row)) for row in rows_in(node, _TAGS)]
            continue
        if node.tag in _LETTERS and node is not element:
            pieces.append(_LETTERS[node.tag])
        if node.tag == _TEXT_BOX:
            stack.append("\n")
        stack.extend(reversed(node))
        if node.text:
            stack.append(node.text)
    return "".join(pieces).strip()
