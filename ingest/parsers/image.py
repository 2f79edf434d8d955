"""Images of text: a page for each frame, recognised by OCR; boxes in pixels, y upwards."""

from __future__ import annotations

import math
from collections.abc import Iterator
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.errors import DamagedFile, LimitExceeded, NoTextFound
from ingest.pages import DocumentInfo, ParsedPage
from ingest.parsers import ocr
from ingest.parsers.scan_text import scan_text
from retrieval.types import Page

FORMATS = ("PNG", "JPEG", "TIFF", "WEBP", "GIF", "BMP")
MOST_PIXELS = 120_000_000
_OCR_PIXELS = 25_000_000
_MOST_FRAMES = 2_000
_ANIMATED = ("GIF", "WEBP", "PNG")


def parse(path: Path) -> Iterator[DocumentInfo | ParsedPage]:
    """The frames of a TIFF, or the one picture.

    Raises DamagedFile, NoTextFound or LimitExceeded.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            animated = image.format in _ANIMATED
            frames = 1 if animated else min(getattr(image, "n_frames", 1), _MOST_FRAMES)
            yield DocumentInfo(paged=True, page_count=frames)
            if not ocr.is_installed():
                raise NoTextFound(
                    "The text of an image can only be read by OCR, and none is installed.",
                    advice=ocr.HOW_TO_INSTALL,
                )
            found = False
            for index in range(frames):
                image.seek(index)
                parsed = _frame(image, index + 1)
                found = found or bool(parsed.page.text)
                yield parsed
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, ValueError) as error:
        raise DamagedFile(f"The image cannot be read: {error}.") from error
    if not found:
        raise NoTextFound("OCR recognised no text in the image.")


def _frame(image: Image.Image, number: int) -> ParsedPage:
    if image.width * image.height > MOST_PIXELS:
        raise LimitExceeded("too_large", f"The image has {image.width} x {image.height} pixels.")
    upright = ImageOps.exif_transpose(image)
    width, height = upright.size
    shrink = min(1.0, math.sqrt(_OCR_PIXELS / max(1, width * height)))
    small = (max(1, round(width * shrink)), max(1, round(height * shrink)))
    readable = _flat(upright)
    if small != readable.size:
        readable = readable.resize(small)
    across, down = width / small[0], height / small[1]
    text = scan_text(ocr.words_of(readable), lambda x, y: (x * across, height - y * down))
    page = Page(number, text.text, "", float(width), float(height), 0, text.boxes)
    return ParsedPage(page, text.blocks)


def _flat(image: Image.Image) -> Image.Image:
    """Grey on white, whatever the transparency."""
    if image.mode in ("RGBA", "LA", "PA") or "transparency" in image.info:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        return Image.alpha_composite(white, coloured).convert("L")
    return image.convert("L")
