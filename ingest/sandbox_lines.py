"""The lines between the sandboxed parser and us: JSON, never pickle, and trusted by neither."""

from __future__ import annotations

import base64
import binascii
import json
import math
import struct
import traceback
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Any

from ingest import errors
from ingest.errors import DamagedFile, IngestError, LimitExceeded
from ingest.pages import Block, DocumentInfo, ParsedPage
from ingest.parsers import parser_for
from ingest.parsers.page_text import cleaned, one_line
from retrieval.boxes import packed_boxes, unpacked_boxes
from retrieval.types import Page

MAX_SECTION_DEPTH = 12
MAX_HEADER_CHARACTERS = 2_000

_END = {"end": True}
_KINDS = ("paragraph", "heading", "row")
_LIMIT_CODES = ("too_large", "too_much_text", "too_many_pages", "too_slow", "too_much_memory")


class MalformedLine(ValueError):
    """A line that no parser of ours writes."""


def write_lines(path: Path, media_type: str, out: IO[bytes]) -> None:
    """Parse and write one line per item, then the end or the reason of failure."""
    _write(_parsed(path, media_type), out)


def write_picture(path: Path, number: int, out: IO[bytes]) -> None:
    """Write one line with a frame of an image as a PNG, then the end or the reason of failure."""
    _write(_pictured(path, number), out)


def _parsed(path: Path, media_type: str) -> Iterator[bytes]:
    for item in parser_for(media_type)(path):
        yield encoded(item)


def _pictured(path: Path, number: int) -> Iterator[bytes]:
    from ingest.parsers.picture import png_of

    yield _line({"png": base64.b64encode(png_of(path, number)).decode()})


def _write(lines: Iterable[bytes], out: IO[bytes]) -> None:
    try:
        for line in lines:
            out.write(line)
            out.flush()
        out.write(_line(_END))
    except IngestError as error:
        out.write(_error_line(error))
    except MemoryError:
        out.write(_error_line(LimitExceeded("too_much_memory", _TOO_MUCH_MEMORY)))
    except Exception as error:  # noqa: BLE001  the outermost edge: whatever a library raises
        traceback.print_exc()
        reason = one_line(f"{type(error).__name__}: {error}", 300)
        damaged = DamagedFile(f"The file breaks the rules of its format ({reason}).")
        out.write(_error_line(damaged))


_TOO_MUCH_MEMORY = "The file needs more memory than the limit allows."


def encoded(item: DocumentInfo | ParsedPage) -> bytes:
    """One line of JSON for what a parser gave, with the text made clean."""
    if isinstance(item, DocumentInfo):
        info = {"title": one_line(item.title, 500), "paged": item.paged}
        return _line({"info": {**info, "page_count": item.page_count}})
    parsed = cleaned(item)
    page = parsed.page
    boxes = None if page.boxes is None else base64.b64encode(packed_boxes(page.boxes)).decode()
    head = [page.number, one_line(page.label, 200), page.width, page.height, page.rotation]
    blocks = [
        [
            block.start,
            block.end,
            block.kind,
            [one_line(title, 200) for title in block.section[:MAX_SECTION_DEPTH]],
            block.table_header[:MAX_HEADER_CHARACTERS],
        ]
        for block in parsed.blocks
    ]
    return _line({"page": head, "text": page.text, "boxes": boxes, "blocks": blocks})


def decoded(line: bytes) -> DocumentInfo | ParsedPage | None:
    """The item of a line, checked; None for the end.

    Raises the child's own IngestError, or MalformedLine.
    """
    try:
        data = json.loads(line)
        if "error" in data:
            raise _error_of(data)
        if "info" in data:
            return _info_of(data["info"])
        if "page" in data:
            return _page_of(data)
    except (ValueError, TypeError, KeyError, RecursionError, zlib.error, struct.error) as error:
        raise MalformedLine(f"{type(error).__name__}: {error}") from error
    if data != _END:
        raise MalformedLine("an unknown line")
    return None


def decoded_picture(line: bytes) -> bytes:
    """The PNG of a line.

    Raises the child's own IngestError, or MalformedLine.
    """
    try:
        data = json.loads(line)
        if "error" in data:
            raise _error_of(data)
        return _base64(data["png"])
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise MalformedLine(f"{type(error).__name__}: {error}") from error


def _info_of(info: dict[str, Any]) -> DocumentInfo:
    title, paged, count = info["title"], info["paged"], info["page_count"]
    if not isinstance(title, str) or not isinstance(paged, bool) or not isinstance(count, int):
        raise MalformedLine("facts of a wrong type")
    return DocumentInfo(title, paged, max(0, count))


def _page_of(data: dict[str, Any]) -> ParsedPage:
    number, label, width, height, rotation = data["page"]
    text = data["text"]
    if not isinstance(text, str) or not isinstance(label, str) or not isinstance(number, int):
        raise MalformedLine("a page of a wrong type")
    text.encode()  # a lone surrogate raises UnicodeEncodeError, which is a ValueError
    if "\0" in text:
        raise MalformedLine("a NUL in the text")
    boxes = None
    if data["boxes"] is not None:
        boxes = unpacked_boxes(_base64(data["boxes"]), count=len(text))
    if not (math.isfinite(width) and math.isfinite(height)):
        raise MalformedLine("a page without a size")
    page = Page(number, text, label, float(width), float(height), int(rotation), boxes)
    return ParsedPage(page, _blocks_of(data["blocks"], len(text)))


def _base64(value: str) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except binascii.Error as error:
        raise MalformedLine("boxes that are not base64") from error


def _blocks_of(rows: list[list[Any]], length: int) -> tuple[Block, ...]:
    blocks: list[Block] = []
    end = 0
    for row in rows:
        start, stop, kind, section, table_header = row
        if not (isinstance(start, int) and isinstance(stop, int) and end <= start < stop <= length):
            raise MalformedLine("blocks out of order")
        if kind not in _KINDS or not isinstance(table_header, str):
            raise MalformedLine("a block of a wrong type")
        if not all(isinstance(title, str) for title in section):
            raise MalformedLine("a section of a wrong type")
        blocks.append(Block(start, stop, kind, tuple(section), table_header))
        end = stop
    return tuple(blocks)


def _error_line(error: IngestError) -> bytes:
    return _line({"error": error.code, "message": error.message, "advice": error.advice})


def _error_of(data: dict[str, Any]) -> IngestError:
    code, message = data["error"], one_line(str(data["message"]), 1_000)
    advice = one_line(str(data["advice"]), 1_000)
    if code in _LIMIT_CODES:
        return LimitExceeded(code, message, advice=advice)
    for kind in vars(errors).values():
        if isinstance(kind, type) and issubclass(kind, IngestError) and kind.code == code:
            return kind(message, advice=advice)
    raise MalformedLine("an unknown error")


def _line(data: dict[str, Any]) -> bytes:
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"
