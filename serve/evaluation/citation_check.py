"""Whether citations are true: checked by code against what is stored, letter for letter."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from retrieval.boxes import Rect
from retrieval.contents import read_page
from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.types import Page, Scope
from serve.answers.events import Citation

_TOLERANCE = 0.1
"""In points: rectangles are rounded, boxes are stored in steps of a twentieth."""


@dataclass(frozen=True, slots=True)
class CitationChecks:
    """Of ``total`` citations, how many fail at which check, and how many pass all.

    The page is there; the quote is its stored text at the span; and where the page has boxes, every
    letter of the quote has one, and the rectangles of the citation cover it.
    """

    total: int
    valid: int
    no_page: int
    not_verbatim: int
    not_covered: int

    @property
    def validity(self) -> float | None:
        """The share that passes; None where nothing is cited."""
        return self.valid / self.total if self.total else None


def checked_citations(database: Database, citations: Sequence[Citation]) -> CitationChecks:
    """Check every citation against the pages as they are stored now."""
    no_page = not_verbatim = not_covered = 0
    for citation in citations:
        page = _page(database, citation)
        if page is None:
            no_page += 1
        elif not is_verbatim(citation, page):
            not_verbatim += 1
        elif not is_covered(citation, page):
            not_covered += 1
    invalid = no_page + not_verbatim + not_covered
    return CitationChecks(
        len(citations), len(citations) - invalid, no_page, not_verbatim, not_covered
    )


def _page(database: Database, citation: Citation) -> Page | None:
    scope = Scope(documents=frozenset({citation.document_id}))
    try:
        with database.read() as connection:
            return read_page(connection, citation.document_id, citation.page, scope)
    except NotFound:
        return None


def is_verbatim(citation: Citation, page: Page) -> bool:
    """Whether a quote that says something is the page's text at its span."""
    span = citation.span
    return bool(citation.quote.strip()) and page.text[span.start : span.end] == citation.quote


def is_covered(citation: Citation, page: Page) -> bool:
    """Whether every letter of the quote lies inside one of its rectangles, where there are any."""
    if page.boxes is None:
        return True
    span = citation.span
    boxes: list[Rect] = page.boxes[span.start : span.end].tolist()
    return all(
        not character.strip() or any(_contains(rect, box) for rect in citation.rects)
        for character, box in zip(citation.quote, boxes, strict=True)
    )


def _contains(rect: Rect, box: Rect) -> bool:
    x0, y0, x1, y1 = box
    return (
        x0 < x1
        and y0 < y1
        and rect[0] - _TOLERANCE <= x0
        and rect[1] - _TOLERANCE <= y0
        and x1 <= rect[2] + _TOLERANCE
        and y1 <= rect[3] + _TOLERANCE
    )
