"""What a parser gives: facts about the document, then its pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from retrieval.types import Page

BlockKind = Literal["paragraph", "heading", "row"]


@dataclass(frozen=True, slots=True)
class Block:
    """Characters ``start``..``end`` of a page that belong together.

    ``section`` is the path of headings above it. ``table_header`` is, for a row, the text of the
    header row of its table (empty in the header row itself).
    """

    start: int
    end: int
    kind: BlockKind = "paragraph"
    section: tuple[str, ...] = ()
    table_header: str = ""


@dataclass(frozen=True, slots=True)
class ParsedPage:
    """A page and its blocks; blocks are in order, do not overlap and lie inside the text."""

    page: Page
    blocks: tuple[Block, ...]


@dataclass(frozen=True, slots=True)
class DocumentInfo:
    """What a parser knows before the first page.

    ``paged`` says whether page numbers mean something to a reader (PDF, slides, images) or only
    divide a long text. ``page_count`` is 0 where it is not known beforehand.
    """

    title: str = ""
    paged: bool = False
    page_count: int = 0


Parser = Callable[[Path], Iterator[DocumentInfo | ParsedPage]]
