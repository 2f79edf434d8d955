"""Answers as chat completions, whole and as a stream of chunks."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from serve.answers.events import Cited, Event, Text
from serve.answers.shapes import failure_problem
from serve.openai_door.sources import CitationForm
from serve.openai_door.transcript import Mark, Transcript
from serve.openai_errors import openai_error
from serve.problems import recorded_problem

END = "data: [DONE]\n\n"


@dataclass(frozen=True, slots=True)
class Completion:
    """A completion under its id; ``model`` is the name that it was asked by."""

    model: str
    form: CitationForm
    include_usage: bool = False
    id: str = field(default_factory=lambda: f"chatcmpl-{uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    async def chunks(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        """An answer's events as the lines of a stream; a failed one has no finish reason."""
        transcript = Transcript()
        yield self._chunk({"role": "assistant", "content": ""})
        async with aclosing(events):
            async for event in events:
                mark = transcript.take(event)
                for line in self._lines(event, mark, transcript):
                    yield line
        if transcript.failed is not None:
            yield _line(openai_error(failure_problem(transcript.failed)))
        else:
            for line in self._ending(transcript):
                yield line
        yield END

    def whole(self, transcript: Transcript) -> dict[str, Any]:
        """A complete answer as one object."""
        content = transcript.text + self.form.tail(transcript)
        message: dict[str, Any] = {"role": "assistant", "content": content, "refusal": None}
        if self.form.choice == "annotations":
            message["annotations"] = [self.form.url_citation(each) for each in transcript.marks]
        choice = {
            "index": 0,
            "message": message,
            "logprobs": None,
            "finish_reason": finish_reason(transcript),
        }
        whole = {"id": self.id, "object": "chat.completion", "created": self.created}
        whole |= {"model": self.model, "choices": [choice], "usage": usage_of(transcript)}
        if self.form.choice == "open-webui":
            found = transcript.citations
            whole["sources"] = [self.form.open_webui_source(each)["data"] for each in found]
        return whole | {"cloister": findings(transcript)}

    def _lines(self, event: Event, mark: Mark | None, transcript: Transcript) -> list[str]:
        if isinstance(event, Cited) and self.form.choice == "open-webui":
            return [self._event(self.form.open_webui_source(event.citation))]
        if not isinstance(event, Text):
            return []
        delta: dict[str, Any] = {"content": event.delta}
        if mark and self.form.choice == "annotations":
            index = len(transcript.marks) - 1
            # Clients put lists together by these indexes.
            delta["annotations"] = [{"index": index} | self.form.url_citation(mark)]
        return [self._chunk(delta)]

    def _ending(self, transcript: Transcript) -> list[str]:
        lines = []
        if tail := self.form.tail(transcript):
            lines.append(self._chunk({"content": tail}))
        if transcript.degraded and self.form.choice == "open-webui":
            status = {"description": transcript.degraded.message, "done": True}
            lines.append(self._event({"type": "status", "data": status}))
        reason = finish_reason(transcript)
        lines.append(self._chunk({}, reason, cloister=findings(transcript)))
        if self.include_usage:
            frame = self._frame([]) | {"usage": usage_of(transcript)}
            lines.append(_line(frame))
        return lines

    def _chunk(self, delta: dict[str, Any], reason: str | None = None, **more: Any) -> str:
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": reason}
        frame = self._frame([choice])
        if self.include_usage:
            frame["usage"] = None
        return _line(frame | more)

    def _event(self, event: dict[str, Any]) -> str:
        """A chunk without a choice, which only Open WebUI reads."""
        return _line(self._frame([]) | {"event": event})

    def _frame(self, choices: list[dict[str, Any]]) -> dict[str, Any]:
        frame = {"id": self.id, "object": "chat.completion.chunk", "created": self.created}
        return frame | {"model": self.model, "choices": choices}


def finish_reason(transcript: Transcript) -> str:
    """Why a complete answer ends."""
    return "length" if transcript.done and transcript.done.truncated else "stop"


def usage_of(transcript: Transcript) -> dict[str, Any]:
    """What an answer cost in tokens; 0 where no model wrote."""
    usage = transcript.usage
    return {
        "prompt_tokens": usage.prompt_tokens,
        "completion_tokens": usage.completion_tokens,
        "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        "prompt_tokens_details": {"cached_tokens": usage.cached_tokens},
    }


def findings(transcript: Transcript) -> dict[str, Any]:
    """What only Cloister says of an answer, for programs that look for it."""
    done, degraded = transcript.done, transcript.degraded
    problem = degraded and recorded_problem(degraded.code, degraded.message)
    return {
        "abstained": bool(done and done.abstained),
        "grounded": bool(done and done.grounded),
        "degraded": openai_error(problem)["error"] if problem else None,
        "struck": [
            {"quote": each.quote, "start_index": each.start, "end_index": each.end}
            for each in transcript.struck
        ],
    }


def _line(frame: dict[str, Any]) -> str:
    return f"data: {json.dumps(frame, ensure_ascii=False)}\n\n"
