"""A frame of an image file, upright, as a PNG that every browser can show."""

from __future__ import annotations

import io
import math
from pathlib import Path

from PIL import Image, ImageOps, UnidentifiedImageError

from ingest.errors import DamagedFile, LimitExceeded
from ingest.parsers.image import FORMATS, MOST_PIXELS

_SHOWN_PIXELS = 6_000_000
_MODES = ("L", "RGB", "RGBA")


def png_of(path: Path, number: int) -> bytes:
    """Frame ``number`` of an image, counted from 1 and made smaller where it is very large.

    Raises DamagedFile or LimitExceeded.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            image.seek(number - 1)
            return _png(image)
    except (UnidentifiedImageError, OSError, SyntaxError, EOFError, ValueError) as error:
        raise DamagedFile(f"The image cannot be read: {error}.") from error


def _png(image: Image.Image) -> bytes:
    pixels = image.width * image.height
    if pixels > MOST_PIXELS:
        raise LimitExceeded("too_large", f"The image has {image.width} x {image.height} pixels.")
    upright = ImageOps.exif_transpose(image)
    shown = upright if upright.mode in _MODES else upright.convert("RGBA")
    if pixels > _SHOWN_PIXELS:
        shrink = math.sqrt(_SHOWN_PIXELS / pixels)
        shown = shown.resize((round(shown.width * shrink) or 1, round(shown.height * shrink) or 1))
    written = io.BytesIO()
    shown.save(written, "PNG")
    return written.getvalue()
