"""Answers in the form of OpenAI's Responses API, whole and as a stream of numbered events."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

from serve.answers.events import Event, Text
from serve.answers.shapes import failure_problem
from serve.openai_door.completions import findings
from serve.openai_door.sources import CitationForm
from serve.openai_door.transcript import Mark, Transcript
from serve.openai_errors import openai_error

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class ResponseForm:
    """A response under its id; ``model`` is the name that it was asked by."""

    model: str
    form: CitationForm
    instructions: str | None = None
    id: str = field(default_factory=lambda: f"resp_{uuid4().hex}")
    item_id: str = field(default_factory=lambda: f"msg_{uuid4().hex}")
    created: int = field(default_factory=lambda: int(time.time()))

    def whole(self, transcript: Transcript) -> Json:
        """A response that is over, complete or failed."""
        usage = transcript.usage
        ended = self._begun(_status(transcript))
        if transcript.failed is not None:
            error = openai_error(failure_problem(transcript.failed))["error"]
            ended["error"] = {"code": error["code"], "message": error["message"]}
        if ended["status"] == "incomplete":
            ended["incomplete_details"] = {"reason": "max_output_tokens"}
        ended["output"] = [self._item(transcript)] if transcript.text else []
        ended["usage"] = {
            "input_tokens": usage.prompt_tokens,
            "input_tokens_details": {"cached_tokens": usage.cached_tokens},
            "output_tokens": usage.completion_tokens,
            "output_tokens_details": {"reasoning_tokens": 0},
            "total_tokens": usage.prompt_tokens + usage.completion_tokens,
        }
        return ended | {"cloister": findings(transcript)}

    async def lines(self, events: AsyncGenerator[Event, None]) -> AsyncGenerator[str, None]:
        """An answer's events as the lines of a stream."""
        transcript, numbered = Transcript(), _Numbered()
        place = {"item_id": self.item_id, "output_index": 0, "content_index": 0}
        begun = self._begun("in_progress")
        yield numbered.line("response.created", response=begun)
        yield numbered.line("response.in_progress", response=begun)
        for line in self._openings(numbered, place):
            yield line
        async with aclosing(events):
            async for event in events:
                mark = transcript.take(event)
                if isinstance(event, Text):
                    for line in self._told(numbered, place, event.delta, mark, transcript):
                        yield line
        if transcript.failed is not None:
            yield numbered.line("response.failed", response=self.whole(transcript))
            return
        if tail := self.form.tail(transcript):
            yield numbered.line("response.output_text.delta", **place, delta=tail, logprobs=[])
        for line in self._closings(numbered, place, transcript):
            yield line

    def _openings(self, numbered: _Numbered, place: Json) -> list[str]:
        item = self._message("in_progress", [])
        part = _text_part("", [])
        return [
            numbered.line("response.output_item.added", output_index=0, item=item),
            numbered.line("response.content_part.added", **place, part=part),
        ]

    def _told(
        self,
        numbered: _Numbered,
        place: Json,
        delta: str,
        mark: Mark | None,
        transcript: Transcript,
    ) -> list[str]:
        lines = [numbered.line("response.output_text.delta", **place, delta=delta, logprobs=[])]
        if mark and (annotation := self._annotation(mark)):
            lines.append(
                numbered.line(
                    "response.output_text.annotation.added",
                    **place,
                    annotation_index=len(transcript.marks) - 1,
                    annotation=annotation,
                )
            )
        return lines

    def _closings(self, numbered: _Numbered, place: Json, transcript: Transcript) -> list[str]:
        item = self._item(transcript)
        part = item["content"][0]
        whole = self.whole(transcript)
        kind = f"response.{whole['status']}"
        return [
            numbered.line("response.output_text.done", **place, text=part["text"], logprobs=[]),
            numbered.line("response.content_part.done", **place, part=part),
            numbered.line("response.output_item.done", output_index=0, item=item),
            numbered.line(kind, response=whole),
        ]

    def _annotation(self, mark: Mark) -> Json | None:
        match self.form.choice:
            case "annotations":
                return self.form.file_citation(mark)
            case "open-webui":
                # Of a response, it reads only these.
                return {"type": "url_citation"} | self.form.cited(mark)
            case _:
                return None

    def _item(self, transcript: Transcript) -> Json:
        found = [self._annotation(each) for each in transcript.marks]
        annotations = [each for each in found if each]
        text = transcript.text
        if transcript.failed is None:
            text += self.form.tail(transcript)
        status = "completed" if _status(transcript) == "completed" else "incomplete"
        return self._message(status, [_text_part(text, annotations)])

    def _message(self, status: str, content: list[Json]) -> Json:
        message = {"id": self.item_id, "type": "message", "role": "assistant"}
        return message | {"status": status, "content": content}

    def _begun(self, status: str) -> Json:
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "background": False,
            "error": None,
            "incomplete_details": None,
            "instructions": self.instructions,
            "max_output_tokens": None,
            "metadata": {},
            "model": self.model,
            "output": [],
            "parallel_tool_calls": False,
            "previous_response_id": None,
            "reasoning": {"effort": None, "summary": None},
            "store": False,
            "temperature": None,
            "text": {"format": {"type": "text"}},
            "tool_choice": "none",
            "tools": [],
            "top_p": None,
            "truncation": "disabled",
            "usage": None,
            "user": None,
        }


class _Numbered:
    """The events of one stream, counted from 0."""

    def __init__(self) -> None:
        self._next = 0

    def line(self, kind: str, **content: Any) -> str:
        """The next event as it is sent."""
        frame = {"type": kind, "sequence_number": self._next} | content
        self._next += 1
        return f"event: {kind}\ndata: {json.dumps(frame, ensure_ascii=False)}\n\n"


def _status(transcript: Transcript) -> str:
    if transcript.failed is not None:
        return "failed"
    is_cut = transcript.done is not None and transcript.done.truncated
    return "incomplete" if is_cut else "completed"


def _text_part(text: str, annotations: list[Json]) -> Json:
    return {"type": "output_text", "text": text, "annotations": annotations, "logprobs": []}
