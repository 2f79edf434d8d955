"""Word (docx): the body in order, headings as sections, tables as rows, notes where referred to."""

from __future__ import annotations

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.errors import DamagedFile
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.archive import opened, relationships, xml
from ingest.parsers.flow import Tags, flow, rows_in
from ingest.parsers.page_text import Sections, TextBlock, one_line, pages_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows

_W = "{http://schemas.openxmlformats.org/wordprocessingml/2006/main}"
_M = "{http://schemas.openxmlformats.org/officeDocument/2006/math}"
_TITLE = "{http://purl.org/dc/elements/1.1/}title"
_FALLBACK = "{http://schemas.openxmlformats.org/markup-compatibility/2006}Fallback"
_TAGS = Tags((f"{_W}p",), f"{_W}tbl", f"{_W}tr")
_TEXTS = (f"{_W}t", f"{_M}t")
_SKIPPED = frozenset({_FALLBACK, *(f"{_W}{name}" for name in ("del", "moveFrom", "pPr", "rPr"))})
_HEADING_NAME = re.compile(r"(?:heading|titre|überschrift|título|titolo)\s*([1-9])", re.I)
_LETTERS = {
    f"{_W}tab": "\t",
    f"{_W}br": "\n",
    f"{_W}cr": "\n",
    f"{_W}noBreakHyphen": "-",
    f"{_W}p": "\n",
    f"{_M}den": "/",
}
_TEXT_BOX = f"{_W}txbxContent"


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The text in parts. Raises DamagedFile, PasswordNeeded or LimitExceeded."""
    with opened(path) as archive:
        main = _main_part(archive)
        yield DocumentInfo(_title(archive))
        yield from pages_of(_blocks(archive, main))


def _main_part(archive: zipfile.ZipFile) -> str:
    for kind, member in relationships(archive, "").values():
        if kind == "officeDocument":
            return member
    raise DamagedFile("The Word file does not say where its text is.")


def _title(archive: zipfile.ZipFile) -> str:
    if "docProps/core.xml" not in archive.namelist():
        return ""
    return one_line(xml(archive, "docProps/core.xml").findtext(f".//{_TITLE}") or "", 500)


def _blocks(archive: zipfile.ZipFile, main: str) -> Iterator[TextBlock]:
    related = dict(relationships(archive, main).values())
    levels = _heading_levels(archive, related.get("styles"))
    notes = _notes(archive, related)
    sections = Sections()
    rows: list[list[str]] = []
    for kind, element in flow(archive, main, _TAGS):
        if kind == "paragraph":
            yield from _paragraph(element, levels, sections)
            yield from _notes_of(element, notes, sections)
        elif kind == "row":
            rows.append(_cells(element))
        else:
            yield from table_rows(rows, sections.path)
            rows = []


def _paragraph(element: Any, levels: Mapping[str, int], sections: Sections) -> Iterator[TextBlock]:
    text = _text(element)
    if not text:
        return
    style = _Style.of(element)
    level = style.level or levels.get(style.name, 0)
    if level:
        sections.enter(level, text)
        yield TextBlock(text, "heading", sections.path)
    else:
        yield TextBlock("- " + text if style.numbered else text, section=sections.path)


@dataclass(frozen=True, slots=True)
class _Style:
    """What the properties of a paragraph say; level 0 = not a heading by itself."""

    name: str = ""
    level: int = 0
    numbered: bool = False

    @staticmethod
    def of(paragraph: Any) -> _Style:
        properties = paragraph.find(f"{_W}pPr")
        if properties is None:
            return _Style()
        name = properties.find(f"{_W}pStyle")
        return _Style(
            name="" if name is None else name.get(f"{_W}val", ""),
            level=_outline_level(properties),
            numbered=properties.find(f"{_W}numPr") is not None,
        )


def _outline_level(properties: Any) -> int:
    """The level of a heading from 1; 0 for body text."""
    outline = properties.find(f"{_W}outlineLvl")
    value = "" if outline is None else outline.get(f"{_W}val", "")
    return int(value) + 1 if value.isdecimal() and int(value) < 9 else 0


def _heading_levels(archive: zipfile.ZipFile, member: str | None) -> dict[str, int]:
    """The heading level of each style that has one, by itself or from the style below it."""
    if member is None or member not in archive.namelist():
        return {}
    levels: dict[str, int] = {}
    based_on: dict[str, str] = {}
    for style in xml(archive, member).iter(f"{_W}style"):
        name = style.get(f"{_W}styleId", "")
        base = style.find(f"{_W}basedOn")
        if base is not None:
            based_on[name] = base.get(f"{_W}val", "")
        properties = style.find(f"{_W}pPr")
        level = 0 if properties is None else _outline_level(properties)
        label = style.find(f"{_W}name")
        found = _HEADING_NAME.match("" if label is None else label.get(f"{_W}val", ""))
        if level or found:
            levels[name] = level or int(found.group(1) if found else 0)
    for name in based_on:
        _inherit(name, based_on, levels)
    return levels


def _inherit(name: str, based_on: Mapping[str, str], levels: dict[str, int]) -> None:
    base = name
    for _ in range(12):
        base = based_on.get(base, "")
        if base in levels:
            levels.setdefault(name, levels[base])
            return


def _notes(archive: zipfile.ZipFile, related: Mapping[str, str]) -> dict[tuple[str, str], str]:
    """The text of footnotes and endnotes by (kind, id)."""
    notes: dict[tuple[str, str], str] = {}
    for kind in ("footnote", "endnote"):
        member = related.get(f"{kind}s", "")
        if member in archive.namelist():
            for note in xml(archive, member).iter(f"{_W}{kind}"):
                if note.get(f"{_W}type") is None:
                    notes[kind, note.get(f"{_W}id", "")] = _text(note)
    return notes


def _notes_of(
    paragraph: Any, notes: Mapping[tuple[str, str], str], sections: Sections
) -> Iterator[TextBlock]:
    if not notes:
        return
    for reference in paragraph.iter(f"{_W}footnoteReference", f"{_W}endnoteReference"):
        kind = reference.tag.removeprefix(_W).removesuffix("Reference")
        yield TextBlock(notes.get((kind, reference.get(f"{_W}id", "")), ""), section=sections.path)


def _cells(row: Any) -> list[str]:
    """The texts of a row's cells; a cell over several columns is followed by empty ones."""
    cells: list[str] = []
    for cell in row.iterchildren(f"{_W}tc", f"{_W}sdt"):
        cells.append(one_line(_text(cell), MAX_CELL_CHARACTERS))
        span = cell.find(f"{_W}tcPr/{_W}gridSpan")
        width = "" if span is None else span.get(f"{_W}val", "")
        if width.isdecimal():
            cells += [""] * (min(int(width), 60) - 1)
    return cells


def _text(element: Any) -> str:
    """The visible text inside an element, deleted text and doubled alternatives left out."""
    pieces: list[str] = []
    stack = [element]
    while stack:
        node = stack.pop()
        if isinstance(node, str):
            pieces.append(node)
        elif node.tag in _TEXTS:
            pieces.append(node.text or "")
        elif node.tag == _TAGS.table:
            pieces += ["\n" + "\t".join(_cells(row)) for row in rows_in(node, _TAGS)]
        elif node.tag not in _SKIPPED:
            if node is not element:
                pieces.append(_LETTERS.get(node.tag, ""))
            if node.tag == _TEXT_BOX:
                stack.append("\n")
            stack.extend(reversed(node))
    return "".join(pieces).strip()
