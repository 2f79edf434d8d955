"""Pages of documents over the wire."""

from __future__ import annotations

from retrieval.boxes import Rect
from serve.schemas import SpanOut, Wire


class PageOutlineOut(Wire):
    """A page without its text, of which ``characters`` is the length; sizes in points."""

    number: int
    label: str
    characters: int
    width: float
    height: float
    rotation: int


class PageList(Wire):
    """Some pages; ``next_cursor`` asks for the next ones."""

    items: list[PageOutlineOut]
    next_cursor: str | None = None


class PlacedQuote(Wire):
    """Words of a page and where they stand on it, as a citation has them."""

    page: int
    page_label: str
    span: SpanOut
    quote: str
    rects: list[Rect]
    page_size: tuple[float, float]
