"""Replies that tell how an answer ended, whatever breaks off in it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import StreamingResponse

from serve.answers.events import Event, Retrieved, Started, Text
from serve.answers.responses import ReplyForm, answer_reply
from serve.audit.errors import AuditUnavailable

Json = dict[str, Any]


def streamed(events: AsyncGenerator[Event, None]) -> list[Json]:
    """What a reader is sent for an answer's events."""

    async def main() -> Sequence[str]:
        request = Request({"type": "http", "request_id": "r"})
        reply = await answer_reply(request, events, ReplyForm(stream=True, trace=False))
        assert isinstance(reply, StreamingResponse)
        return [
            str(part, "utf-8") if isinstance(part, bytes) else str(part)
            async for part in reply.body_iterator
        ]

    lines = "".join(asyncio.run(main())).splitlines()
    told = [line.removeprefix("data: ") for line in lines if line.startswith("data: ")]
    return [json.loads(line) for line in told]


def test_an_event_that_has_no_form_ends_the_stream_as_failed() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield Started("Notice?")
        yield Retrieved("en", (), (1,), 0.5)
        yield Text("It is never told.")

    told = streamed(events())
    assert [each["type"] for each in told] == ["started", "failed"]
    assert told[-1]["error"]["code"] == "internal_error"


def test_an_error_of_our_own_is_told_by_its_name() -> None:
    async def events() -> AsyncGenerator[Event, None]:
        yield Started("Notice?")
        raise AuditUnavailable("Nothing can be recorded.", advice="Look at the disk.")

    told = streamed(events())
    assert [each["type"] for each in told] == ["started", "failed"]
    error = told[-1]["error"]
    assert (error["code"], error["status"]) == ("audit_unavailable", 503)
    assert error["advice"] == "Look at the disk."
