"""Documents whose pages lie in many ways, and what stands under the marks of a picture."""

from __future__ import annotations

import io
from collections.abc import Callable
from pathlib import Path

import pytesseract
from PIL import Image
from playwright.sync_api import Page

from tests.fixtures.documents import (
    GARDEN,
    SCANNED,
    TWO_COLUMNS,
    write_image,
    write_pdf,
    write_scanned_pdf,
    write_sideways_pdf,
    write_turned_pdf,
    write_two_column_pdf,
)
from tests.fixtures.pdf_source import pdf_with_cjk, pdf_with_odd_page

CHINESE = "租户应当提前三个月以书面形式\n通知房东解除本合同。\n押金在交还钥匙后退还。"
JAPANESE = "賃借人は三か月前までに書面で\n解約を通知しなければならない。\n敷金は鍵の返却後に返す。"
LETTER = ("The deposit is paid back within", "two months after the keys are", "handed over to us.")
COLUMN = " ".join(TWO_COLUMNS[0])
# Citations are of whole words.
WORDS = " ".join(COLUMN.split()[5:22])
Write = Callable[[Path], object]


def turned(rotation: int) -> Write:
    return lambda path: write_turned_pdf(path, rotation)


PAPERS: dict[str, tuple[Write, int, str]] = {
    "plain.pdf": (write_pdf, 1, GARDEN[0][4:]),
    "columns.pdf": (write_two_column_pdf, 1, WORDS),
    "turned-90.pdf": (turned(90), 1, WORDS),
    "turned-180.pdf": (turned(180), 1, WORDS),
    "turned-270.pdf": (turned(270), 1, WORDS),
    "cropped.pdf": (turned(0), 1, WORDS),
    "sideways.pdf": (write_sideways_pdf, 1, WORDS),
    "chinese.pdf": (
        lambda path: pdf_with_cjk(path, CHINESE, "UniGB-UTF16-H", "GB1"), 1, "以书面形式通知房东",
    ),
    "japanese.pdf": (
        lambda path: pdf_with_cjk(path, JAPANESE, "UniJIS-UTF16-H", "Japan1"),
        1, "書面で解約を通知",
    ),
    "unit.pdf": (
        lambda path: pdf_with_odd_page(path, LETTER, "/MediaBox [0 0 400 560] /UserUnit 2"),
        1, "within two months after",
    ),
    "shifted.pdf": (
        lambda path: pdf_with_odd_page(
            path, LETTER, "/MediaBox [-40 60 555 902] /CropBox [60 300 500 620] /Rotate 90"
        ),
        1, "within two months after",
    ),
}  # fmt: skip


SCANS: dict[str, Write] = {
    "scan.pdf": write_scanned_pdf,
    "scan-90.pdf": lambda path: write_scanned_pdf(path, 90),
    "receipt.png": write_image,
    "receipt.tiff": write_image,
}
SCANNED_WORDS = SCANNED[1][7:]


def in_view(page: Page, selector: str) -> bool:
    """Whether a mark is seen, wholly below the bars."""
    found: bool = page.evaluate(
        """(selector) => {
          const at = document.querySelector(selector).getBoundingClientRect();
          const view = document.querySelector(".viewer-scroller").getBoundingClientRect();
          return at.top >= view.top && at.bottom <= view.bottom;
        }""",
        selector,
    )
    return found


def ocr_of(page: Page, selector: str) -> str:
    """What tesseract reads in a picture of the marks of a page."""
    box = page.evaluate(
        """(selector) => {
          const marks = [...document.querySelectorAll(selector)];
          const all = marks.map((each) => each.getBoundingClientRect());
          const x = Math.min(...all.map((e) => e.left)), y = Math.min(...all.map((e) => e.top));
          const right = Math.max(...all.map((e) => e.right));
          const bottom = Math.max(...all.map((e) => e.bottom));
          return { x: x - 6, y: y - 6, width: right - x + 12, height: bottom - y + 12 };
        }""",
        selector,
    )
    picture = Image.open(io.BytesIO(page.screenshot(clip=box))).convert("RGB")
    if picture.height > picture.width:
        picture = picture.rotate(90, expand=True)
    text: str = pytesseract.image_to_string(picture.resize((picture.width * 2, picture.height * 2)))
    return text
