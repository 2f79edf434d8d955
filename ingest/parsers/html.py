"""HTML: what a reader sees, with headings as sections and tables as rows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from bs4 import BeautifulSoup
from bs4.element import NavigableString, PreformattedString, Tag

from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers.page_text import Sections, TextBlock, one_line, pages_of
from ingest.parsers.table import MAX_CELL_CHARACTERS, table_rows
from ingest.parsers.text import decoded

_DROPPED = frozenset(
    {"script", "style", "noscript", "template", "nav", "svg", "iframe", "object"}
    | {"head", "button", "select"}
)
_BLOCKS = frozenset(
    {"address", "article", "aside", "blockquote", "body", "center", "dd", "details", "dialog"}
    | {"div", "dl", "dt", "fieldset", "figcaption", "figure", "footer", "form", "header", "hr"}
    | {"html", "legend", "li", "main", "ol", "p", "pre", "section", "summary", "ul"}
    | {"table", "caption", "tr", "td", "th"}
)
_HEADINGS = {f"h{level}": level for level in range(1, 7)}
_HIDDEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.I)
_CHARSET = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([\w-]{2,20})", re.I)
_SPACES = re.compile(r"[ \t\r\n\f]+")


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The visible text in parts."""
    soup = BeautifulSoup(markup_of(path.read_bytes()), "lxml")
    title = soup.title.get_text() if soup.title else ""
    yield DocumentInfo(one_line(title, 500))
    yield from pages_of(blocks_of(soup))


def blocks_in(markup: str) -> Iterator[TextBlock]:
    """The blocks of a piece of HTML, as in an e-mail."""
    return blocks_of(BeautifulSoup(markup, "lxml"))


def markup_of(content: bytes) -> str:
    """The bytes of a page as text, in the encoding that it names itself if that can be true."""
    declared = _CHARSET.search(content[:4096])
    if declared and not content.startswith((b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")):
        return decoded(content, declared.group(1).decode("ascii"))
    return decoded(content)


def blocks_of(soup: BeautifulSoup) -> Iterator[TextBlock]:
    """Paragraphs, headings and rows in the order of the document."""
    reader = _Reader()
    for node, leaving in _walk(soup):
        yield from reader.leave(node) if leaving else reader.enter(node)
    yield from reader.flushed()


class _Reader:
    """Collects inline text until a border between blocks."""

    def __init__(self) -> None:
        self._sections = Sections()
        self._inline: list[str] = []
        self._literal = 0

    def enter(self, node: Tag | NavigableString) -> Iterator[TextBlock]:
        """What ends where this node begins."""
        if isinstance(node, NavigableString):
            if not isinstance(node, PreformattedString):
                self._inline.append(str(node) if self._literal else _SPACES.sub(" ", node))
            return
        if node.name == "br":
            self._inline.append("\n")
        elif _is_data(node):
            yield from self.flushed()
            for caption in node.find_all("caption"):
                yield TextBlock(_cell_text(caption), section=self._sections.path)
            yield from table_rows(_cells(node), self._sections.path)
        elif node.name in _BLOCKS or node.name in _HEADINGS:
            yield from self.flushed()
            self._literal += node.name == "pre"
            if node.name == "li":
                self._inline.append("- ")

    def leave(self, node: Tag | NavigableString) -> Iterator[TextBlock]:
        """What ends with this node."""
        if not isinstance(node, Tag):
            return
        if level := _HEADINGS.get(node.name):
            text = self._taken()
            if text:
                self._sections.enter(level, text)
                yield TextBlock(text, "heading", self._sections.path)
        elif node.name in _BLOCKS:
            yield from self.flushed()
            self._literal -= node.name == "pre"

    def flushed(self) -> Iterator[TextBlock]:
        """The paragraph that was being collected."""
        text = self._taken()
        if text and text != "-":
            yield TextBlock(text, section=self._sections.path)

    def _taken(self) -> str:
        text = "".join(self._inline)
        self._inline.clear()
        if self._literal:
            return text.strip("\n").rstrip()
        return re.sub(r" *\n *", "\n", re.sub(r" {2,}", " ", text)).strip()


def _walk(soup: BeautifulSoup) -> Iterator[tuple[Tag | NavigableString, bool]]:
    """Each visible node when it is entered and again when left; tables of data are not entered."""
    stack: list[tuple[Tag | NavigableString, bool]] = [(soup, False)]
    while stack:
        node, leaving = stack.pop()
        if not leaving and isinstance(node, Tag) and _is_invisible(node):
            continue
        yield node, leaving
        if not leaving and isinstance(node, Tag):
            stack.append((node, True))
            if not _is_data(node):
                stack += [
                    (child, False)
                    for child in reversed(node.contents)
                    if isinstance(child, Tag | NavigableString)
                ]


def _is_data(tag: Tag) -> bool:
    """Whether it is a table of rows; one that holds other tables is layout."""
    return tag.name == "table" and tag.find("tr") is not None and tag.find("table") is None


def _is_invisible(tag: Tag) -> bool:
    if tag.name in _DROPPED or tag.has_attr("hidden") or tag.get("aria-hidden") == "true":
        return True
    return _HIDDEN.search(str(tag.get("style", ""))) is not None


def _cells(table: Tag) -> Iterator[list[str]]:
    for row in table.find_all("tr"):
        cells = row.find_all(["td", "th"])
        # Broken markup has cells in cells, whose text the outer one has already.
        yield [_cell_text(cell) for cell in cells if cell.find_parent(["td", "th", "tr"]) is row]


def _cell_text(cell: Tag) -> str:
    return one_line(cell.get_text(" "), MAX_CELL_CHARACTERS)
