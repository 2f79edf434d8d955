"""Originals as they came, whole or in part, and never as a page of ours."""

from __future__ import annotations

import os
import re
from collections.abc import Generator
from http import HTTPStatus
from typing import BinaryIO
from urllib.parse import quote

from starlette.datastructures import Headers
from starlette.responses import Response, StreamingResponse

from ingest.files import Originals
from retrieval.types import Document
from serve.errors import InvalidRequest
from serve.revocation import Watch

_BLOCK_BYTES = 1 << 18
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")


class RangeNotSatisfiable(InvalidRequest):
    """The range lies outside of the file."""

    code = "range_not_satisfiable"


def original_response(
    originals: Originals, document: Document, request: Headers, watch: Watch
) -> Response:
    """A document's original; as an attachment, with ETag and one range, while it may be read.

    Raises:
        NotFound: The original is gone.
        RangeNotSatisfiable: The range lies outside of it.
    """
    etag = f'"{document.content_sha256}"'
    headers = {
        "ETag": etag,
        "Accept-Ranges": "bytes",
        "Cache-Control": "private, no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": f"attachment; filename*=UTF-8''{_file_name(document)}",
    }
    if is_known(etag, request):
        return Response(status_code=HTTPStatus.NOT_MODIFIED, headers=headers)
    file = originals.open(document.content_sha256)
    size = file.seek(0, os.SEEK_END)
    wanted = request.get("range", "") if request.get("if-range", etag) == etag else ""
    try:
        start, end = _range(wanted, size)
    except RangeNotSatisfiable:
        file.close()
        raise
    status = HTTPStatus.OK
    if (start, end) != (0, size) or _RANGE.fullmatch(wanted):
        status = HTTPStatus.PARTIAL_CONTENT
        headers["Content-Range"] = f"bytes {start}-{end - 1}/{size}"
    headers["Content-Length"] = str(end - start)
    sent = watch.while_allowed(_bytes(file, start, end), lambda: watch.check([document.id]))
    return StreamingResponse(sent, status, headers, media_type=document.media_type)


def is_known(etag: str, request: Headers) -> bool:
    """Whether who asks has this version already."""
    known = request.get("if-none-match", "").split(",")
    return any(each.strip() == etag for each in known)


def _file_name(document: Document) -> str:
    return quote(document.name.rsplit("/", 1)[-1], safe="")


def _range(wanted: str, size: int) -> tuple[int, int]:
    """The first byte, and the one after the last; the whole file for what is no single range."""
    match = _RANGE.fullmatch(wanted)
    if not match or match.groups() == ("", ""):
        return 0, size
    first, last = match.groups()
    start = int(first) if first else max(0, size - int(last))
    end = min(size, int(last) + 1) if first and last else size
    if start >= end:
        raise RangeNotSatisfiable(f"The file has {size} bytes.")
    return start, end


def _bytes(file: BinaryIO, start: int, end: int) -> Generator[bytes, None, None]:
    with file:
        file.seek(start)
        while start < end and (block := file.read(min(_BLOCK_BYTES, end - start))):
            start += len(block)
            yield block
