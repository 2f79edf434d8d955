"""Images and scanned pages, read by tesseract."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from fpdf.enums import TextMode
from PIL import Image
from pypdfium2 import PdfDocument

from ingest.errors import LimitExceeded, NoTextFound
from ingest.formats import media_type_of
from ingest.pages import ParsedPage
from ingest.parsers import ocr, pdf_scans
from ingest.parsers.ocr import Word
from ingest.parsers.page_text import PageText
from ingest.parsers.pdf import parse as parse_pdf
from ingest.parsers.pdf_scans import is_stamped_scan
from ingest.parsers.scan_text import scan_text
from ingest.sandbox import parse
from retrieval.boxes import span_rects
from retrieval.types import Span
from tests.fixtures.documents import (
    SCANNED,
    scanned_image,
    write_blank_scan,
    write_full_page_pictures,
    write_image,
    write_scanned_pdf,
)
from tests.fixtures.pdf_source import page_objects, pdf_of, stream
from tests.fixtures.tesseract import need_tesseract


def pages_of(path: Path) -> list[ParsedPage]:
    media_type = media_type_of(path, path.name)
    return [item for item in parse(path, media_type) if isinstance(item, ParsedPage)]


def place_of(page: ParsedPage, words: str) -> tuple[float, float, float, float]:
    assert page.page.boxes is not None
    start = page.page.text.index(words)
    (rect,) = span_rects(page.page.boxes, Span(start, start + len(words)))
    return rect


def test_an_image_is_read_with_boxes(tmp_path: Path) -> None:
    need_tesseract()
    (page,) = pages_of(write_image(tmp_path / "a.png"))
    assert " ".join(page.page.text.split()) == " ".join(SCANNED)
    assert (page.page.width, page.page.height) == (1000, 390)
    x0, y0, x1, y1 = place_of(page, SCANNED[1])
    assert 50 < x0 < 70
    assert 600 < x1 < 1000
    assert 390 - 150 - 60 < y0 < y1 < 390 - 140


def test_every_frame_of_a_tiff_is_a_page(tmp_path: Path) -> None:
    need_tesseract()
    first, second = pages_of(write_image(tmp_path / "a.tiff"))
    assert SCANNED[0] in first.page.text
    assert second.page.text == "The second sheet"


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_scanned_pdf_is_read_with_boxes_in_points(rotation: int, tmp_path: Path) -> None:
    need_tesseract()
    (page,) = pages_of(write_scanned_pdf(tmp_path / "a.pdf", rotation))
    assert " ".join(page.page.text.split()) == " ".join(SCANNED)
    x0, y0, _, y1 = place_of(page, SCANNED[1])
    assert 75 < x0 < 90
    assert 842 - 100 - 105 < y0 < y1 < 842 - 100 - 65


@pytest.mark.parametrize("rotation", [0, 90])
def test_a_part_of_a_line_has_its_own_place(rotation: int, tmp_path: Path) -> None:
    """Also where the scan lies on its side: then a word is divided along its height."""
    need_tesseract()
    (page,) = pages_of(write_scanned_pdf(tmp_path / "a.pdf", rotation))
    first, rest = (place_of(page, words) for words in ("Twelve", "candles of yellow wax"))
    x0, _, x1, _ = place_of(page, SCANNED[1])
    if rotation == 0:
        assert x0 == first[0] < first[2] < rest[0] < rest[2] == x1
    assert not overlap(first, rest)


def overlap(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return all(one[i] < other[i + 2] and other[i] < one[i + 2] for i in (0, 1))


@pytest.mark.parametrize(
    ("places", "expected"),
    [
        (((0, 0, 40, 10), (50, 0, 90, 10)), (20, 0, 30, 10)),
        (((50, 0, 90, 10), (0, 0, 40, 10)), (60, 0, 70, 10)),
        (((0, 0, 10, 40), (0, 50, 10, 90)), (0, 20, 10, 30)),
        (((0, 50, 10, 90), (0, 0, 10, 40)), (0, 60, 10, 70)),
    ],
    ids=["right", "left", "down", "up"],
)
def test_a_word_is_divided_along_its_line(
    places: tuple[tuple[float, float, float, float], ...], expected: tuple[float, ...]
) -> None:
    words = [Word("abcd", *place, block=(1, 1), line=1) for place in places]
    text = scan_text(words, lambda x, y: (x, y))
    assert tuple(text.boxes[2]) == expected


STAMP = "DocuSign Envelope ID: 8A7B1C2D-3E4F-5061-7283-94A5B6C7D8E9"


def test_a_scan_below_a_stamp_is_read_with_it(tmp_path: Path) -> None:
    need_tesseract()
    path = write_full_page_pictures(tmp_path / "a.pdf", scanned_image(), [STAMP])
    (page,) = pages_of(path)
    text = " ".join(page.page.text.split())
    assert text.startswith("DocuSign Envelope ID")
    assert text.endswith(" ".join(SCANNED))
    x0, y0, _, y1 = place_of(page, SCANNED[1])
    assert 78 < x0 < 90
    assert 842 - 255 < y0 < y1 < 842 - 220


def test_a_text_layer_of_a_scan_is_not_read_anew(tmp_path: Path) -> None:
    layer = "Recepit, as another program read it."
    path = write_full_page_pictures(
        tmp_path / "a.pdf", scanned_image(), [layer], TextMode.INVISIBLE
    )
    (page,) = pages_of(path)
    assert page.page.text == layer


PICTURE = b"q 595 0 0 842 0 0 cm /X Do Q\n"
WORDS = b"BT /F 12 Tf 72 700 Td (a few words under it) Tj ET\n"


def test_words_below_the_picture_of_a_page_are_its_text_layer(tmp_path: Path) -> None:
    look = b"/Type /XObject /Subtype /Image /Width 1 /Height 1 /BitsPerComponent 8"
    picture = stream(b"\xff", look + b" /ColorSpace /DeviceGray")
    for name, (first, second), expected in (
        ("over", (PICTURE, WORDS), True),
        ("under", (WORDS, PICTURE), False),
        ("small", (PICTURE.replace(b"842", b"421"), WORDS), False),
    ):
        objects = page_objects(stream(first + second), more=[picture])
        objects[2] = objects[2].replace(b"/Font", b"/XObject << /X 6 0 R >> /Font")
        (tmp_path / name).write_bytes(pdf_of(objects))
        with PdfDocument(tmp_path / name) as document:
            assert is_stamped_scan(document[0], "a few words under it") is expected
            assert not is_stamped_scan(document[0], "many words " * 50)


def test_slides_on_pictures_keep_their_words_and_take_no_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[object] = []

    def nothing(page: object) -> PageText:
        tried.append(page)
        if len(tried) == 1:
            raise LimitExceeded("too_slow", "Recognising one page took more than 50 seconds.")
        return PageText("a few spots", np.zeros((11, 4), np.float32), ())

    monkeypatch.setattr(pdf_scans, "recognised", nothing)
    monkeypatch.setattr(ocr, "is_installed", lambda: True)
    titles = [f"The garden of the cloister, slide {number}" for number in range(30)]
    path = write_full_page_pictures(tmp_path / "a.pdf", Image.new("L", (9, 9)), titles)
    pages = [item for item in parse_pdf(path) if isinstance(item, ParsedPage)]
    assert [one.page.text for one in pages] == titles
    assert len(tried) == 10


def test_a_blank_scan_says_that_ocr_found_nothing(tmp_path: Path) -> None:
    need_tesseract()
    with pytest.raises(NoTextFound, match="OCR recognised no text"):
        pages_of(write_blank_scan(tmp_path / "a.pdf"))


def test_without_tesseract_the_advice_names_the_packages(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", "/nonexistent")
    for path in (write_scanned_pdf(tmp_path / "a.pdf"), write_image(tmp_path / "a.png")):
        with pytest.raises(NoTextFound) as caught:
            pages_of(path)
        assert "apt-get install tesseract-ocr" in caught.value.advice


def test_a_huge_image_is_refused(tmp_path: Path) -> None:
    need_tesseract()
    Image.new("1", (20_000, 8_000)).save(tmp_path / "a.png")
    with pytest.raises(LimitExceeded) as caught:
        pages_of(tmp_path / "a.png")
    assert caught.value.code == "too_large"


def test_recognised_lines_are_joined_with_boxes_in_step() -> None:
    words = [
        Word("visi-", 10, 10, 60, 20, (1, 1), 1),
        Word("teurs", 10, 30, 60, 40, (1, 1), 2),
        Word("du", 70, 30, 90, 40, (1, 1), 2),
        Word("Fin", 10, 60, 40, 70, (1, 2), 1),
    ]
    page = scan_text(words, lambda x, y: (x, 100 - y))
    assert page.text == "visiteurs du\nFin"
    assert page.boxes.shape == (16, 4)
    assert page.boxes[0].tolist() == [10, 80, 20, 90]
    assert page.boxes[4].tolist() == [10, 60, 20, 70]
    assert [(block.start, block.end) for block in page.blocks] == [(0, 12), (13, 16)]
