"""PDF: text and boxes by pdfium; scanned pages through OCR; pypdf where pdfium cannot open."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pypdfium2
import pypdfium2.raw as pdfium

from ingest.errors import DamagedFile, NoTextFound, PasswordNeeded
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers import ocr
from ingest.parsers.attachments import MAX_ATTACHMENT_BYTES, attachment_pages
from ingest.parsers.page_text import PageText, one_line
from ingest.parsers.pdf_annotations import page_with_fields
from ingest.parsers.pdf_characters import Characters, page_characters
from ingest.parsers.pdf_outline import Entry, entries_by_page
from ingest.parsers.pdf_page import page_text
from ingest.parsers.pdf_scans import Scans
from retrieval.types import Page


def parse(path: Path, *, with_attachments: bool = True) -> Iterator[DocumentInfo | ParsedPage]:
    """The pages of a PDF, then its attachments that hold text.

    Raises PasswordNeeded, DamagedFile, NoTextFound or LimitExceeded.
    """
    try:
        document = pypdfium2.PdfDocument(path)
    except pypdfium2.PdfiumError as error:
        if error.err_code in (pdfium.FPDF_ERR_PASSWORD, pdfium.FPDF_ERR_SECURITY):
            raise PasswordNeeded(
                "The PDF opens only with a password.",
                advice="Save a copy without a password and upload that.",
            ) from error
        from ingest.parsers import pdf_fallback

        yield from pdf_fallback.parse(path)
        return
    with document:
        yield from _items(document, with_attachments)


def _items(
    document: pypdfium2.PdfDocument, with_attachments: bool
) -> Iterator[DocumentInfo | ParsedPage]:
    count = len(document)
    if not count:
        raise DamagedFile("The PDF has no pages.")
    title = one_line(document.get_metadata_value("Title"), 500)
    yield DocumentInfo(title.removeprefix("Microsoft Word - "), paged=True, page_count=count)
    entries = entries_by_page(document)
    section: tuple[str, ...] = ()
    scans = Scans()
    found = 0
    for index in range(count):
        parsed = _page(document, index, scans, entries.get(index, []), section)
        if index in entries:
            section = entries[index][-1].section
        found += bool(parsed.page.text)
        yield parsed
    attachments = _attachments(document) if with_attachments else iter(())
    for attached in attachment_pages(attachments, count + 1):
        found += bool(attached.page.text)
        yield attached
    if not found:
        raise _no_text(scans.count)


def _page(
    document: pypdfium2.PdfDocument,
    index: int,
    scans: Scans,
    entries: list[Entry],
    above: tuple[str, ...],
) -> ParsedPage:
    """The page; empty where it is damaged."""
    label = document.get_page_label(index)
    try:
        page = page_with_fields(document, index)
    except pypdfium2.PdfiumError:
        return ParsedPage(Page(index + 1, "", label), ())
    try:
        rotation = page.get_rotation()
        text = _text(page, scans, entries, above)
        left, bottom, right, top = page.get_bbox()
        geometry = Page(
            number=index + 1,
            text=text.text,
            label=label,
            width=right - left,
            height=top - bottom,
            rotation=rotation,
            boxes=text.boxes,
        )
        return ParsedPage(geometry, text.blocks)
    finally:
        page.close()


def _text(
    page: pypdfium2.PdfPage, scans: Scans, entries: list[Entry], above: tuple[str, ...]
) -> PageText:
    own = page_text(_characters(page), entries, above)
    text = scans.text_of(page, own)
    if text is own:
        return text
    return replace(text, blocks=tuple(replace(b, section=above) for b in text.blocks))


def _characters(page: pypdfium2.PdfPage) -> Characters:
    """The page's characters, read the way up that most of the text is.

    pdfium orders lines as /Rotate shows them: sideways where /Rotate turns upright text.
    """
    rotation = page.get_rotation()
    characters = _read(page)
    upright = 90 * characters.quarter_turns
    if rotation == upright or not characters.text:
        return characters
    page.set_rotation(upright)
    try:
        return _read(page)
    finally:
        page.set_rotation(rotation)


def _read(page: pypdfium2.PdfPage) -> Characters:
    reader = page.get_textpage()
    try:
        return page_characters(reader.raw)
    finally:
        reader.close()


def _attachments(document: pypdfium2.PdfDocument) -> Iterator[tuple[str, bytes]]:
    for index in range(document.count_attachments()):
        attachment = document.get_attachment(index)
        try:
            content = bytes(attachment.get_data())
        except pypdfium2.PdfiumError:
            continue
        if len(content) <= MAX_ATTACHMENT_BYTES:
            yield one_line(attachment.get_name(), 150), content


def _no_text(scans: int) -> NoTextFound:
    if scans and not ocr.is_installed():
        return NoTextFound(
            f"The PDF holds only images of text ({scans} pages), and no OCR is installed.",
            advice=ocr.HOW_TO_INSTALL,
        )
    if scans:
        return NoTextFound("The PDF holds only images, and OCR recognised no text in them.")
    return NoTextFound("The PDF holds no text.")
