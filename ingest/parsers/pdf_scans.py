"""PDF pages that are images of text: told apart, rendered, recognised."""

from __future__ import annotations

import math

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.parsers import ocr
from ingest.parsers.page_text import PageText
from ingest.parsers.scan_text import scan_text

_POINTS_PER_INCH = 72
_DOTS_PER_INCH = 250
_MOST_PIXELS = 25_000_000
_FEW_CHARACTERS = 20
_MOST_OF_PAGE = 0.4


def is_scan(page: pypdfium2.PdfPage, text: str) -> bool:
    """Whether next to nothing but images or drawings is on the page."""
    visible = sum(not letter.isspace() for letter in text)
    if not visible:
        return bool(pdfium.FPDFPage_CountObjects(page) > 0)
    return visible < _FEW_CHARACTERS and _image_share(page) > _MOST_OF_PAGE


def _image_share(page: pypdfium2.PdfPage) -> float:
    """The largest image's share of the page's area."""
    width, height = page.get_size()
    largest = 0.0
    for image in page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=2):
        left, bottom, right, top = image.get_bounds()
        largest = max(largest, float((right - left) * (top - bottom)))
    return largest / max(1.0, float(width * height))


def recognised(page: pypdfium2.PdfPage) -> PageText:
    """The text that OCR reads on the rendered page, with boxes in points of user space."""
    width, height = page.get_size()
    most = math.sqrt(_MOST_PIXELS / max(1.0, width * height))
    scale = min(_DOTS_PER_INCH / _POINTS_PER_INCH, most)
    bitmap = page.render(scale=scale, grayscale=True)
    try:
        place = bitmap.get_posconv(page)
        return scan_text(
            ocr.words_of(bitmap.to_pil()),
            lambda x, y: place.to_page(round(x), round(y)),
        )
    finally:
        bitmap.close()
