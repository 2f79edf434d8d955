"""Answers in the shapes of vLLM 0.32."""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import Any

DONE = b"data: [DONE]\n\n"
COMMENT = b": keep-alive\n\n"
GARBAGE = b'data: {"id": "chatc\n\n'


@dataclass(frozen=True, slots=True)
class Counts:
    """What a completion costs."""

    prompt: int
    cached: int
    written: int

    def as_json(self) -> dict[str, Any]:
        """The usage object."""
        return {
            "prompt_tokens": self.prompt,
            "total_tokens": self.prompt + self.written,
            "completion_tokens": self.written,
            "prompt_tokens_details": {
                "cached_tokens": self.cached,
                "created_cache_tokens": self.prompt - self.cached,
            },
        }


@dataclass(frozen=True, slots=True)
class Envelope:
    """What all frames of one completion share."""

    request_id: str
    model: str
    created: int = field(default_factory=lambda: int(time.time()))

    def opening(self) -> bytes:
        """The first frame, without text."""
        return _frame(self._chunk([self._choice({"role": "assistant", "content": ""}, None)]))

    def text(self, text: str, finish_reason: str | None) -> bytes:
        """A frame with text, the last one with why it is the last."""
        return _frame(self._chunk([self._choice({"content": text}, finish_reason)]))

    def usage(self, counts: Counts) -> bytes:
        """The frame that tells the costs."""
        return _frame(self._chunk([]) | {"usage": counts.as_json()})

    def whole(self, text: str, finish_reason: str, counts: Counts) -> dict[str, Any]:
        """The answer to a request that does not stream."""
        choice = {
            "index": 0,
            "message": {"role": "assistant", "content": text, "refusal": None},
            "logprobs": None,
            "finish_reason": finish_reason,
            "stop_reason": None,
        }
        return {
            "id": f"chatcmpl-{self.request_id}",
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": [choice],
            "usage": counts.as_json(),
        }

    def _chunk(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        return {
            "id": f"chatcmpl-{self.request_id}",
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
            "choices": choices,
        }

    @staticmethod
    def _choice(delta: dict[str, str], finish_reason: str | None) -> dict[str, Any]:
        return {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}


def error_frame(body: dict[str, Any]) -> bytes:
    """An error in the middle of a stream."""
    return _frame(body)


def _frame(value: dict[str, Any]) -> bytes:
    return f"data: {json.dumps(value, ensure_ascii=False, separators=(',', ':'))}\n\n".encode()
