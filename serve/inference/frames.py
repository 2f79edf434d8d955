"""Reads the stream of a completion, however the network cuts it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from serve.inference.completion import Usage

_LONGEST_FRAME = 1 << 20
_UNREADABLE = (
    ValueError, TypeError, AttributeError, LookupError, ArithmeticError, RecursionError
)  # fmt: skip


@dataclass(slots=True)
class Frames:
    """What the frames so far say.

    ``finish_reason`` is the server's word for why it stopped, and empty until then. ``trouble`` is
    why the rest cannot be trusted; ``error`` is the frame of an error, and ``status`` the one it
    would have as a response. ``ended`` says that no frame can follow.
    """

    finish_reason: str = ""
    model: str = ""
    usage: Usage = field(default_factory=Usage)
    trouble: str = ""
    error: bytes = b""
    status: int = 0
    ended: bool = False
    seen: int = 0
    _rest: bytes = b""

    @property
    def has_begun(self) -> bool:
        """Whether the model writes; the first frame may come before the prompt is read."""
        return self.seen > 1

    def feed(self, data: bytes) -> str:
        """The text that the next bytes add; ``seen`` grows by their frames, not by comments."""
        *lines, self._rest = (self._rest + data).split(b"\n")
        if len(self._rest) > _LONGEST_FRAME:
            self._fail("a frame without an end")
        texts = []
        for line in lines:
            if self.ended:
                break
            if line.startswith(b"data:"):
                texts.append(self._frame(line[5:].strip()))
            elif line.strip() and not line.startswith((b":", b"event:", b"id:", b"retry:")):
                self._fail("no stream of events")
        return "".join(texts)

    def _frame(self, data: bytes) -> str:
        self.seen += 1
        if data == b"[DONE]":
            self.ended = True
            return ""
        try:
            chunk = json.loads(data.decode())
            if "error" in chunk:
                self._error(data, chunk["error"])
                return ""
            return self._chunk(chunk)
        except _UNREADABLE:
            self._fail("a frame that cannot be read")
            return ""

    def _chunk(self, chunk: dict[str, Any]) -> str:
        if usage := chunk.get("usage"):
            self.usage = usage_of(usage)
        choices = chunk["choices"]
        if not choices:
            return ""
        choice = choices[0]
        self.model = chunk.get("model") or self.model
        self.finish_reason = choice.get("finish_reason") or self.finish_reason
        text = choice["delta"].get("content") or ""
        if not isinstance(text, str):
            raise TypeError
        return text

    def _error(self, data: bytes, error: Any) -> None:
        code = error.get("code") if isinstance(error, dict) else None
        self.error = data
        self.status = code if isinstance(code, int) else 0
        self._fail("an error of its own")

    def _fail(self, trouble: str) -> None:
        self.trouble = trouble
        self.ended = True


def usage_of(usage: dict[str, Any]) -> Usage:
    """The counts of a usage object, as far as the server gives them."""
    details = usage.get("prompt_tokens_details") or {}
    return Usage(
        prompt_tokens=int(usage.get("prompt_tokens") or 0),
        cached_tokens=int(details.get("cached_tokens") or 0),
        completion_tokens=int(usage.get("completion_tokens") or 0),
    )
