"""Text recognised in an image by tesseract, with a box for each character."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from typing import Any

import pytesseract
from PIL import Image

from ingest.errors import LimitExceeded

HOW_TO_INSTALL = (
    "Install tesseract and the languages of your documents, for example "
    "`apt-get install tesseract-ocr tesseract-ocr-eng tesseract-ocr-fra`, and try again."
)

_LANGUAGES = ("eng", "fra", "deu", "spa", "ita", "por", "nld")
_MOST_LANGUAGES = 4
_PAGE_SECONDS = 50
_MIN_CONFIDENCE = 20.0


@dataclass(frozen=True, slots=True)
class Word:
    """A word and its place in pixels, y downwards, with the numbers of its block and line."""

    text: str
    x0: float
    y0: float
    x1: float
    y1: float
    block: tuple[int, int]
    line: int


def is_installed() -> bool:
    """Whether tesseract is on the path."""
    return shutil.which("tesseract") is not None


def words_of(image: Image.Image) -> list[Word]:
    """The words in reading order. Raises LimitExceeded when tesseract takes too long."""
    try:
        table: dict[str, list[Any]] = pytesseract.image_to_data(
            image,
            lang="+".join(_languages()) or None,
            timeout=_PAGE_SECONDS,
            output_type=pytesseract.Output.DICT,
        )
    except RuntimeError as error:
        if isinstance(error, pytesseract.TesseractError):
            raise
        raise LimitExceeded(
            "too_slow", f"Recognising one page took more than {_PAGE_SECONDS} seconds."
        ) from error
    return [word for index in range(len(table["text"])) if (word := _word(table, index))]


def _word(table: dict[str, list[Any]], index: int) -> Word | None:
    text = str(table["text"][index]).strip()
    if not text or float(table["conf"][index]) < _MIN_CONFIDENCE:
        return None
    x0, y0 = float(table["left"][index]), float(table["top"][index])
    return Word(
        text=text,
        x0=x0,
        y0=y0,
        x1=x0 + float(table["width"][index]),
        y1=y0 + float(table["height"][index]),
        block=(int(table["block_num"][index]), int(table["par_num"][index])),
        line=int(table["line_num"][index]),
    )


def _languages() -> list[str]:
    installed = pytesseract.get_languages(config="")
    return [language for language in _LANGUAGES if language in installed][:_MOST_LANGUAGES]
