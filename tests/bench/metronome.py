"""A server that writes one token to every stream at each tick, at next to no cost.

What a process in front of it spends on a stream is then its own. Run as a process:
``python -m tests.bench.metronome PORT TOKENS_A_SECOND TOKENS``.
"""

from __future__ import annotations

import asyncio
import json
import sys
from dataclasses import dataclass
from typing import Any

MODEL = "metronome"
WORD = " word"
_HEAD = b"HTTP/1.1 200 OK\r\nContent-Type: %s\r\nTransfer-Encoding: chunked\r\n\r\n"
_STREAM, _JSON = _HEAD % b"text/event-stream", _HEAD % b"application/json"
_NOT_HERE = b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"
_END = b"0\r\n\r\n"


def _part(content: bytes) -> bytes:
    return b"%x\r\n%s\r\n" % (len(content), content)


def _frame(content: dict[str, Any] | str) -> bytes:
    text = content if isinstance(content, str) else json.dumps(content)
    return _part(f"data: {text}\n\n".encode())


def _chunk(text: str, finish_reason: str | None = None) -> bytes:
    choice = {"index": 0, "delta": {"content": text}, "finish_reason": finish_reason}
    return _frame({"id": "chatcmpl-0", "model": MODEL, "choices": [choice]})


_USAGE = {"prompt_tokens": 1, "completion_tokens": 1, "total_tokens": 2}
_ENDING = _chunk(".", "stop") + _frame({"choices": [], "usage": _USAGE}) + _frame("[DONE]") + _END
_MODELS = {"object": "list", "data": [{"id": MODEL, "max_model_len": 8192}]}


@dataclass(slots=True)
class _Stream:
    writer: asyncio.StreamWriter
    left: int


class Metronome:
    """All streams, and the tick that serves them."""

    def __init__(self, tokens_a_second: float, tokens: int) -> None:
        self._pause = 1 / tokens_a_second
        self._tokens = tokens
        self._streams: list[_Stream] = []

    async def serve(self, port: int) -> None:
        """Serve until the process ends."""
        await asyncio.start_server(self._answer, "127.0.0.1", port)
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += self._pause
            await asyncio.sleep(max(0.0, due - loop.time()))
            self._streams = [stream for stream in self._streams if _goes_on(stream)]

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = await reader.readuntil(b"\r\n\r\n")
        lengths = [line for line in head.split(b"\r\n") if line.lower().startswith(b"content-l")]
        body = await reader.readexactly(int(lengths[0].split(b":")[1])) if lengths else b""
        path = head.split(b" ", 2)[1]
        if path.endswith(b"/models"):
            writer.write(_JSON + _part(json.dumps(_MODELS).encode()) + _END)
        elif not path.endswith(b"/chat/completions"):
            writer.write(_NOT_HERE)
        elif b"<src" in body:
            writer.write(_STREAM)
            self._streams.append(_Stream(writer, self._tokens))
        else:
            writer.write(_STREAM + _ENDING)


_TICK = _chunk(WORD)


def _goes_on(stream: _Stream) -> bool:
    if stream.writer.is_closing():
        return False
    stream.writer.write(_TICK if stream.left else _ENDING)
    stream.left -= 1
    return stream.left >= 0


if __name__ == "__main__":
    asyncio.run(Metronome(float(sys.argv[2]), int(sys.argv[3])).serve(int(sys.argv[1])))
