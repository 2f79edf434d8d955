"""Files received over HTTP: straight to disk, hashed on the way, limited by the bytes that come."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import IO
from uuid import uuid4

from python_multipart.exceptions import FormParserError
from python_multipart.multipart import MultipartParser, parse_options_header
from starlette.requests import ClientDisconnect, Request

from ingest.errors import DiskFull, LimitExceeded
from ingest.intake import ReceivedFile
from retrieval.errors import CloisterError
from serve.data_folder import DataFolder
from serve.errors import InvalidRequest

_WRITE_BYTES = 1 << 18
_MAX_FIELD_BYTES = 1_000
_MAX_HEADER_BYTES = 8_000
_MAX_HEADERS = 16
_DISK_CHECK_BYTES = 16 << 20


class UploadMalformed(InvalidRequest):
    """The body is no multipart form that we understand."""

    code = "upload_malformed"


class TooManyFiles(InvalidRequest):
    """The upload holds more files than one upload may."""

    code = "too_many_files"


@dataclass(frozen=True, slots=True)
class UploadLimits:
    """What one upload may take, what it leaves free of the disk, and its fields beside files.

    Files that have more than ``all_bytes`` together are refused with ``beyond``.
    """

    file_bytes: int
    files: int
    free_bytes: int
    fields: frozenset[str]
    all_bytes: float
    beyond: CloisterError


@dataclass(frozen=True, slots=True)
class RefusedFile:
    """A file that was not received in full, and why."""

    name: str
    error: CloisterError


@dataclass(frozen=True, slots=True)
class Upload:
    """The files of one request, in their order, and its other fields."""

    files: tuple[ReceivedFile | RefusedFile, ...]
    fields: dict[str, str]


@asynccontextmanager
async def received(
    request: Request, folder: DataFolder, limits: UploadLimits
) -> AsyncIterator[Upload]:
    """The upload in a request; its files are gone when the block ends.

    Raises:
        InvalidRequest: The form has a field that is none of ``limits``, or one of them twice.
        UploadMalformed: The body is no multipart form.
        Refusal: The client went silent.
        TooManyFiles: There are more files than allowed.
        LimitExceeded: The client goes on sending far beyond the limit.
    """
    form = _Form(folder, limits)
    async with AsyncExitStack() as stack:
        stack.push_async_callback(asyncio.to_thread, form.discard)
        parser = form.parser(_boundary(request))
        async for block in _blocks(request):
            await asyncio.to_thread(_fed, parser, block)
        yield form.upload()


def _boundary(request: Request) -> bytes:
    media_type, options = parse_options_header(request.headers.get("content-type", ""))
    boundary = options.get(b"boundary", b"")
    if media_type != b"multipart/form-data" or not boundary:
        raise UploadMalformed(
            "An upload must be multipart/form-data with a boundary.",
            advice="For example: curl -F file=@report.pdf -F collection=default ...",
        )
    return boundary


def _fed(parser: MultipartParser, block: bytes) -> None:
    try:
        parser.write(block)
    except FormParserError as error:
        raise UploadMalformed(f"The form is malformed: {error}.") from error


async def _blocks(request: Request) -> AsyncIterator[bytes]:
    """The body in blocks worth a turn of a thread."""
    waiting = bytearray()
    try:
        async for piece in request.stream():
            waiting += piece
            if len(waiting) >= _WRITE_BYTES:
                yield bytes(waiting)
                waiting.clear()
    except ClientDisconnect:
        raise UploadMalformed("The client went away before the end.") from None
    if waiting:
        yield bytes(waiting)


@dataclass(slots=True)
class _Part:
    """The part of the form that is being received."""

    headers: dict[bytes, bytes] = field(default_factory=dict)
    name: str = ""
    file_name: str | None = None
    value: bytearray = field(default_factory=bytearray)
    path: Path | None = None
    file: IO[bytes] | None = None
    size: int = 0
    error: CloisterError | None = None


class _Form:
    """Takes the parser's callbacks, all in one thread at a time."""

    def __init__(self, folder: DataFolder, limits: UploadLimits) -> None:
        self._folder = folder
        self._limits = limits
        self._files: list[ReceivedFile | RefusedFile] = []
        self._fields: dict[str, str] = {}
        self._paths: list[Path] = []
        self._kept = 0
        self._part = _Part()
        self._hash = sha256()
        self._header = (bytearray(), bytearray())
        self._ended = False

    def parser(self, boundary: bytes) -> MultipartParser:
        """A parser that fills this form."""
        try:
            return MultipartParser(
                boundary,
                {
                    "on_part_begin": self._begin,
                    "on_header_field": lambda data, start, end: self._header_part(
                        0, data[start:end]
                    ),
                    "on_header_value": lambda data, start, end: self._header_part(
                        1, data[start:end]
                    ),
                    "on_header_end": self._header_end,
                    "on_headers_finished": self._headers_finished,
                    "on_part_data": lambda data, start, end: self._data(data[start:end]),
                    "on_part_end": self._end,
                    "on_end": self._finish,
                },
                max_header_count=_MAX_HEADERS,
                max_header_size=_MAX_HEADER_BYTES,
            )
        except FormParserError as error:
            raise UploadMalformed(f"The form is malformed: {error}.") from error

    def upload(self) -> Upload:
        """All that was received."""
        if not self._ended:
            raise UploadMalformed("The form breaks off before its end.")
        return Upload(tuple(self._files), self._fields)

    def discard(self) -> None:
        """Remove the files."""
        if self._part.file is not None:
            self._part.file.close()
        for path in self._paths:
            path.unlink(missing_ok=True)

    def _begin(self) -> None:
        self._part = _Part()
        self._header = (bytearray(), bytearray())

    def _header_part(self, which: int, data: bytes) -> None:
        self._header[which].extend(data)

    def _header_end(self) -> None:
        name, value = self._header
        self._part.headers[bytes(name).lower()] = bytes(value)
        self._header = (bytearray(), bytearray())

    def _headers_finished(self) -> None:
        part = self._part
        disposition = part.headers.get(b"content-disposition", b"")
        kind, options = parse_options_header(disposition)
        if kind != b"form-data" or b"name" not in options:
            raise UploadMalformed("A part of the form has no name.")
        part.name = options[b"name"].decode("utf-8", "replace")
        if part.name != "file":
            self._check_field(part.name)
            return
        if len(self._files) >= self._limits.files:
            raise TooManyFiles(
                f"One upload may hold {self._limits.files} files.", advice="Send them in batches."
            )
        part.file_name = options.get(b"filename", b"").decode("utf-8", "replace")
        self._open(part)

    def _check_field(self, name: str) -> None:
        if name not in self._limits.fields:
            raise InvalidRequest(f"There is no field {name[:40]!r}.")
        if name in self._fields:
            raise InvalidRequest(f"The field {name!r} stands in the form twice.")

    def _open(self, part: _Part) -> None:
        self._hash = sha256()
        part.path = self._folder.incoming / uuid4().hex
        self._paths.append(part.path)
        part.file = part.path.open("xb")
        self._check_disk(part)

    def _check_disk(self, part: _Part) -> None:
        if self._folder.free_bytes() < self._limits.free_bytes:
            self._refuse(
                DiskFull(
                    "The disk is full: less is free than the reserve.",
                    advice="Free some space, or lower CLOISTER_MIN_FREE_BYTES.",
                )
            )

    def _refuse(self, error: CloisterError) -> None:
        """Keep nothing of the part, and skip the rest of it."""
        part = self._part
        part.error = part.error or error
        if part.file is not None and part.path is not None:
            with suppress(OSError):
                # A full disk refuses what is still to be written, too.
                part.file.close()
            part.file = None
            part.path.unlink()

    def _data(self, data: bytes) -> None:
        part = self._part
        if part.file_name is None:
            part.value += data
            if len(part.value) > _MAX_FIELD_BYTES:
                raise UploadMalformed(f"The field {part.name[:40]!r} is too long.")
            return
        before = part.size
        part.size += len(data)
        if part.size > self._limits.file_bytes:
            self._too_large(part)
        elif self._kept + part.size > self._limits.all_bytes:
            self._refuse(self._limits.beyond)
        elif part.file is not None:
            if before // _DISK_CHECK_BYTES != part.size // _DISK_CHECK_BYTES:
                self._check_disk(part)
            self._write(part, data)

    def _too_large(self, part: _Part) -> None:
        error = LimitExceeded(
            "too_large",
            f"The file is larger than {self._limits.file_bytes} bytes.",
            advice="Split it, or raise CLOISTER_MAX_UPLOAD_BYTES.",
        )
        self._refuse(error)
        if part.size > 2 * self._limits.file_bytes + _DISK_CHECK_BYTES:
            raise error

    def _write(self, part: _Part, data: bytes) -> None:
        if part.file is None:
            return
        self._hash.update(data)
        try:
            part.file.write(data)
        except OSError as error:
            self._refuse(DiskFull(f"The file cannot be written: {error.strerror}."))

    def _end(self) -> None:
        part = self._part
        if part.file_name is None:
            self._fields[part.name] = part.value.decode("utf-8", "replace")
            return
        if part.file is not None:
            try:
                part.file.close()
            except OSError as error:
                part.error = DiskFull(f"The file cannot be written: {error.strerror}.")
            part.file = None
        if part.error is not None or part.path is None:
            reason = part.error or UploadMalformed("The file was not received.")
            self._files.append(RefusedFile(part.file_name, reason))
            return
        self._kept += part.size
        digest = self._hash.hexdigest()
        self._files.append(ReceivedFile(part.path, part.file_name, digest, part.size))

    def _finish(self) -> None:
        self._ended = True
