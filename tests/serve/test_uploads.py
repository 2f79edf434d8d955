from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from serve.data_folder import DataFolder
from serve.errors import InvalidRequest
from serve.files.uploads import (
    RefusedFile,
    TooManyFiles,
    Upload,
    UploadLimits,
    UploadMalformed,
    received,
)

LIMITS = UploadLimits(
    file_bytes=1_000,
    files=3,
    free_bytes=0,
    fields=frozenset(),
    all_bytes=1_500,
    beyond=TooManyFiles("Too much."),
)
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    folder = DataFolder(tmp_path / "data")
    with folder.held(""):
        yield folder


async def uploaded(folder: DataFolder, *messages: Message) -> Upload:
    """The upload in messages that a server passes on."""
    waiting = list(messages)

    async def receive() -> Message:
        return waiting.pop(0)

    headers = [(b"content-type", b"multipart/form-data; boundary=b")]
    request = Request({"type": "http", "method": "POST", "headers": headers}, receive)
    async with received(request, folder, LIMITS) as upload:
        for file in upload.files:
            assert getattr(file, "path", folder.incoming).exists()
        return upload


def body(content: bytes, *, more: bool = False) -> Message:
    return {"type": "http.request", "body": content, "more_body": more}


def test_bytes_may_come_one_by_one(folder: DataFolder) -> None:
    whole = PART + b"slow but sure\r\n--b--\r\n"
    pieces = [body(whole[n : n + 1], more=n + 1 < len(whole)) for n in range(len(whole))]
    upload = asyncio.run(uploaded(folder, *pieces))
    (file,) = upload.files
    assert file.name == "x.txt"
    assert list(folder.incoming.iterdir()) == []


def test_files_that_are_too_much_together_are_refused_and_smaller_ones_taken(
    folder: DataFolder,
) -> None:
    sizes = (1_000, 501, 500)
    whole = b"".join(PART + b"x" * size + b"\r\n" for size in sizes) + b"--b--\r\n"
    first, second, third = asyncio.run(uploaded(folder, body(whole))).files
    assert isinstance(second, RefusedFile)
    assert second.error is LIMITS.beyond
    assert [getattr(each, "size_bytes", 0) for each in (first, third)] == [1_000, 500]


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([body(PART + b"then", more=True), {"type": "http.disconnect"}], UploadMalformed),
        ([body(PART + b"the end is missing")], UploadMalformed),
    ],
)
def test_what_does_not_come_to_an_end_leaves_nothing(
    folder: DataFolder, messages: list[Message], error: type[InvalidRequest]
) -> None:
    with pytest.raises(error):
        asyncio.run(uploaded(folder, *messages))
    assert list(folder.incoming.iterdir()) == []
