from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from starlette.requests import Request
from starlette.types import Message

from serve.data_folder import DataFolder
from serve.errors import InvalidRequest
from serve.files.uploads import Upload, UploadLimits, UploadMalformed, UploadStalled, received

LIMITS = UploadLimits(file_bytes=1_000, files=2, free_bytes=0, stall_seconds=0.1)
PART = b'--b\r\nContent-Disposition: form-data; name="file"; filename="x.txt"\r\n\r\n'


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[DataFolder]:
    folder = DataFolder(tmp_path / "data")
    with folder.held(""):
        yield folder


async def uploaded(folder: DataFolder, *messages: Message) -> Upload:
    """The upload in messages that a server passes on; after them comes silence."""
    waiting = list(messages)

    async def receive() -> Message:
        if not waiting:
            await asyncio.sleep(60)
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


@pytest.mark.parametrize(
    ("messages", "error"),
    [
        ([body(PART + b"then nothing", more=True)], UploadStalled),
        ([], UploadStalled),
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
