"""PDF pages that are images of text: told apart, rendered, recognised."""

from __future__ import annotations

import math

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.errors import LimitExceeded
from ingest.parsers import ocr
from ingest.parsers.page_text import PageText
from ingest.parsers.scan_text import scan_text

_POINTS_PER_INCH = 72
_DOTS_PER_INCH = 250
_MOST_PIXELS = 25_000_000
_FEW_CHARACTERS = 20
_MOST_OF_PAGE = 0.4
_STAMP_CHARACTERS = 400
_NEARLY_ALL_OF_PAGE = 0.8
_WORDS_AND_IMAGES = (pdfium.FPDF_PAGEOBJ_TEXT, pdfium.FPDF_PAGEOBJ_IMAGE)
_UNSEEN = (pdfium.FPDF_TEXTRENDERMODE_INVISIBLE, pdfium.FPDF_TEXTRENDERMODE_CLIP)
_GAIN = 1.5
_MOST_IN_VAIN = 10


class Scans:
    """The scans among the pages of one PDF, told apart and recognised.

    Few words over a picture of the whole page are a stamp on a scan, or all that a slide says. Only
    OCR tells which; it is tried until it has found nothing more on a number of such pages.
    """

    def __init__(self) -> None:
        self.count = 0
        self._in_vain = 0

    def text_of(self, page: pypdfium2.PdfPage, text: PageText) -> PageText:
        """The page's own text, or what OCR reads on it where it is a scan and that is more."""
        if is_scan(page, text.text):
            self.count += 1
            return _longer(page, text)
        if self._in_vain >= _MOST_IN_VAIN or not is_stamped_scan(page, text.text):
            return text
        try:
            found = _longer(page, text, _GAIN)
        except LimitExceeded:  # a picture that keeps OCR busy costs no page that has its own words
            found = text
        self._in_vain += found is text
        return found


def _longer(page: pypdfium2.PdfPage, text: PageText, gain: float = 1.0) -> PageText:
    """What OCR reads, if it is installed and that is so many times the text; else the text."""
    if not ocr.is_installed():
        return text
    scan = recognised(page)
    return scan if len(scan.text) > gain * len(text.text) else text


def is_scan(page: pypdfium2.PdfPage, text: str) -> bool:
    """Whether next to nothing but images or drawings is on the page."""
    visible = _visible(text)
    if not visible:
        return bool(pdfium.FPDFPage_CountObjects(page) > 0)
    return visible < _FEW_CHARACTERS and _image_share(page) > _MOST_OF_PAGE


def is_stamped_scan(page: pypdfium2.PdfPage, text: str) -> bool:
    """Whether few words lie over an image of the page, none under it or invisible as OCR's are."""
    if _visible(text) >= _STAMP_CHARACTERS:
        return False
    covered = False
    for item in page.get_objects(filter=_WORDS_AND_IMAGES, max_depth=2):
        if item.type == pdfium.FPDF_PAGEOBJ_IMAGE:
            covered = covered or _share(item, page) > _NEARLY_ALL_OF_PAGE
        elif not covered or pdfium.FPDFTextObj_GetTextRenderMode(item) in _UNSEEN:
            return False
    return covered


def _visible(text: str) -> int:
    return sum(not letter.isspace() for letter in text)


def _image_share(page: pypdfium2.PdfPage) -> float:
    """The largest image's share of the page's area."""
    images = page.get_objects(filter=[pdfium.FPDF_PAGEOBJ_IMAGE], max_depth=2)
    return max((_share(image, page) for image in images), default=0.0)


def _share(image: pypdfium2.PdfObject, page: pypdfium2.PdfPage) -> float:
    width, height = page.get_size()
    left, bottom, right, top = image.get_bounds()
    return float((right - left) * (top - bottom)) / max(1.0, float(width * height))


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
