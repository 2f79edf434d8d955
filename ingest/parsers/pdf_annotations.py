"""What is written into form fields and text boxes: made part of the page before it is read."""

from __future__ import annotations

import pypdfium2
import pypdfium2.raw as pdfium

_MOST_LOOKED_AT = 2_000
_WITH_TEXT = (pdfium.FPDF_ANNOT_WIDGET, pdfium.FPDF_ANNOT_FREETEXT)


def page_with_fields(document: pypdfium2.PdfDocument, index: int) -> pypdfium2.PdfPage:
    """The page, counted from 0, with its filled fields as text. Raises PdfiumError."""
    page = document[index]
    if not _has_fields(page):
        return page
    flattened = pdfium.FPDFPage_Flatten(page, pdfium.FLAT_NORMALDISPLAY)
    if flattened != pdfium.FLATTEN_SUCCESS:
        return page
    page.close()
    return document[index]


def _has_fields(page: pypdfium2.PdfPage) -> bool:
    count = min(pdfium.FPDFPage_GetAnnotCount(page), _MOST_LOOKED_AT)
    return any(_subtype(page, number) in _WITH_TEXT for number in range(count))


def _subtype(page: pypdfium2.PdfPage, number: int) -> int:
    annotation = pdfium.FPDFPage_GetAnnot(page, number)
    if not annotation:
        return 0
    try:
        return int(pdfium.FPDFAnnot_GetSubtype(annotation))
    finally:
        pdfium.FPDFPage_CloseAnnot(annotation)
