"""A client of any server that speaks OpenAI's chat API: vLLM, llama.cpp, Ollama and others."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncGenerator, AsyncIterator, Mapping
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import aiohttp

from serve.errors import LLMInterrupted, LLMTimeout, LLMUnavailable, ServeError
from serve.inference.completion import (
    Completed,
    CompletionRequest,
    FinishReason,
    Message,
    messages_json,
)
from serve.inference.frames import Frames
from serve.inference.refusals import Refusal
from serve.telemetry.spans import Span, Value, traced

_LARGEST_BODY = 1 << 22
_SHORT_SECONDS = 10.0
_LAST_FRAMES_SECONDS = 5.0


@dataclass(frozen=True, slots=True)
class InferenceServer:
    """Where a server is, and how long it is waited for.

    ``url`` ends in /v1. The first token may take ``first_token_seconds``, for a prompt may have to
    wait and must be read; each further one ``idle_seconds``. ``settings`` is how the names of its
    settings begin, for advice.
    """

    url: str
    key: str = field(default="", repr=False)
    connect_seconds: float = 5.0
    first_token_seconds: float = 120.0
    idle_seconds: float = 30.0
    settings: str = "CLOISTER_LLM"

    @property
    def root(self) -> str:
        """The address above /v1."""
        return self.url.rstrip("/").removesuffix("/v1")


@dataclass(frozen=True, slots=True)
class Model:
    """A model that a server has; ``root`` is where its weights are, ``parent`` what it adapts."""

    id: str
    context_tokens: int | None = None
    root: str = ""
    parent: str = ""


class InferenceClient:
    """Asks one server; used from one event loop, and closed in it."""

    def __init__(self, server: InferenceServer) -> None:
        self.server = server
        self._session: aiohttp.ClientSession | None = None

    async def stream(self, request: CompletionRequest) -> AsyncGenerator[str | Completed, None]:
        """The text as it is written, in pieces cut anywhere, and ``Completed`` last.

        Without ``Completed`` the text is not whole. Closing this generator closes the connection,
        upon which a server stops writing.

        Raises:
            LLMUnavailable: There is no server, or it failed before it wrote.
            LLMTimeout: It did not begin to write in time.
            LLMBusy: It takes no further request.
            LLMRefused: It does not do what is asked.
            PromptTooLong: The prompt exceeds the context window.
            LLMInterrupted: It broke off, whether or not there was text.
        """
        with traced("chat", "client") as span:
            span.attributes |= {
                "gen_ai.operation.name": "chat",
                "gen_ai.request.model": request.model,
            }
            async with aclosing(self._streamed(request, span)) as pieces:
                async for piece in pieces:
                    if isinstance(piece, Completed):
                        span.attributes |= _measured(piece)
                    yield piece

    async def _streamed(
        self, request: CompletionRequest, span: Span
    ) -> AsyncGenerator[str | Completed, None]:
        started = _now()
        first = 0.0
        limit = started + self.server.first_token_seconds
        frames = Frames()
        async with self._completion(request, limit, span.traceparent) as response:
            while not frames.ended:
                data = await self._next_bytes(response.content, limit, frames)
                if not data:
                    break
                before = frames.seen
                text = frames.feed(data)
                if text:
                    first = first or _now() - started
                    yield text
                # What carries no text, such as a model's thoughts, shows that it lives as well.
                if frames.has_begun and frames.seen > before:
                    limit = _now() + self.server.idle_seconds
                if frames.finish_reason:
                    limit = _now() + min(self.server.idle_seconds, _LAST_FRAMES_SECONDS)
        # vLLM reads a grammar only after it has begun to answer.
        if 400 <= frames.status < 500 and not first:
            raise Refusal(frames.status, frames.error, "", self.server.settings).error("", ())
        yield Completed(
            _finish_reason(frames),
            frames.usage,
            frames.model or request.model,
            first or _now() - started,
        )

    async def complete(self, request: CompletionRequest, seconds: float) -> tuple[str, Completed]:
        """The whole text, for short ones; errors are those of ``stream``.

        Raises:
            LLMTimeout: It takes longer than this, too.
        """
        pieces: list[str] = []
        try:
            async with asyncio.timeout(seconds):
                async for piece in self.stream(request):
                    if isinstance(piece, Completed):
                        return "".join(pieces), piece
                    pieces.append(piece)
        except TimeoutError:
            raise LLMTimeout(
                f"The inference server did not answer within {seconds:g} seconds."
            ) from None
        raise LLMInterrupted("The inference server broke off.")

    async def count_tokens(self, messages: tuple[Message, ...], model: str) -> int | None:
        """The length of a prompt in tokens; None where the server does not tell."""
        body = {
            "model": model,
            "messages": messages_json(messages),
            "add_generation_prompt": True,
        }
        try:
            answer = await self._json("POST", f"{self.server.root}/tokenize", body, model)
        except ServeError:
            return None
        count = answer.get("count")
        return count if isinstance(count, int) else None

    async def models(self) -> tuple[Model, ...]:
        """The models that the server has.

        Raises:
            LLMUnavailable: It cannot be asked.
        """
        answer = await self._json("GET", f"{self.server.url.rstrip('/')}/models", None, "")
        listed = answer.get("data")
        if not isinstance(listed, list):
            raise LLMUnavailable(f"What is at {self.server.url} is no OpenAI-compatible server.")
        return tuple(_model(each) for each in listed if isinstance(each, dict) and each.get("id"))

    async def close(self) -> None:
        """Close all connections."""
        if self._session is not None:
            await self._session.close()
            self._session = None

    @asynccontextmanager
    async def _completion(
        self, request: CompletionRequest, limit: float, traceparent: str
    ) -> AsyncIterator[aiohttp.ClientResponse]:
        given = {"X-Request-Id": request.request_id, "traceparent": traceparent}
        headers = {name: value for name, value in given.items() if value}
        url = f"{self.server.url.rstrip('/')}/chat/completions"
        response = await self._response("POST", url, request.body(), limit, headers)
        try:
            if response.status != 200:
                raise await self._refusal(response, request.model)
            yield response
        finally:
            response.close()

    async def _json(
        self, method: str, url: str, body: dict[str, Any] | None, model: str
    ) -> dict[str, Any]:
        limit = _now() + _SHORT_SECONDS
        response = await self._response(method, url, body, limit, {})
        try:
            if response.status != 200:
                raise await self._refusal(response, model, asks_models=False)
            answer = json.loads(await _body(response))
        except (ValueError, RecursionError):
            answer = None
        finally:
            response.close()
        if not isinstance(answer, dict):
            raise LLMUnavailable(f"What is at {self.server.url} is no OpenAI-compatible server.")
        return answer

    async def _response(
        self,
        method: str,
        url: str,
        body: dict[str, Any] | None,
        limit: float,
        headers: Mapping[str, str],
    ) -> aiohttp.ClientResponse:
        try:
            async with asyncio.timeout_at(limit):
                return await self._opened().request(
                    method, url, json=body, headers=headers, allow_redirects=False
                )
        # An address that cannot be one is a ValueError.
        except (aiohttp.ClientError, OSError, ValueError) as error:
            raise self._unanswered(error) from None

    def _unanswered(self, error: Exception) -> LLMUnavailable:
        # A connection that is not made in time is an error of aiohttp's own.
        if isinstance(error, TimeoutError) and not isinstance(error, aiohttp.ClientError):
            return LLMTimeout(f"The inference server at {self.server.url} does not answer.")
        return LLMUnavailable(
            f"The inference server at {self.server.url} cannot be reached "
            f"({type(error).__name__}).",
            advice=f"Is it started, and is {self.server.settings}_URL right?",
        )

    async def _next_bytes(
        self, content: aiohttp.StreamReader, limit: float, frames: Frames
    ) -> bytes:
        """What has arrived; nothing at the end, or when it is late or lost and no longer needed."""
        trouble = "broke off"
        try:
            async with asyncio.timeout_at(limit):
                return await content.readany()
        except TimeoutError:
            trouble = "fell silent"
        except (aiohttp.ClientError, OSError):
            pass
        if frames.finish_reason:
            return b""
        if trouble == "fell silent" and not frames.has_begun:
            raise LLMTimeout(
                "The inference server did not begin to answer within "
                f"{self.server.first_token_seconds:g} seconds."
            )
        raise LLMInterrupted(f"The inference server {trouble} {_where(frames)}.")

    async def _refusal(
        self, response: aiohttp.ClientResponse, model: str, *, asks_models: bool = True
    ) -> ServeError:
        retry_after = response.headers.get("Retry-After", "")
        refusal = Refusal(response.status, await _body(response), retry_after, self.server.settings)
        names: list[str] = []
        if response.status == 404 and asks_models:
            try:
                names = [each.id for each in await self.models()]
            except ServeError:
                names = []
        return refusal.error(model, names)

    def _opened(self) -> aiohttp.ClientSession:
        if self._session is None:
            headers = {"Accept-Encoding": "identity"}
            if self.server.key:
                headers["Authorization"] = f"Bearer {self.server.key}"
            self._session = aiohttp.ClientSession(
                # A kept connection may have been closed by the other side in the meantime, and a
                # completion is not sent twice.
                connector=aiohttp.TCPConnector(limit=0, force_close=True),
                timeout=aiohttp.ClientTimeout(total=None, sock_connect=self.server.connect_seconds),
                cookie_jar=aiohttp.DummyCookieJar(),
                headers=headers,
                trust_env=False,
            )
        return self._session


def _measured(completed: Completed) -> dict[str, Value]:
    return {
        "gen_ai.usage.input_tokens": completed.usage.prompt_tokens,
        "gen_ai.usage.output_tokens": completed.usage.completion_tokens,
        "cloister.finish_reason": completed.finish_reason,
        "cloister.first_token_seconds": completed.first_token_seconds,
    }


def _now() -> float:
    return asyncio.get_running_loop().time()


def _where(frames: Frames) -> str:
    return "in the middle of an answer" if frames.has_begun else "before it wrote"


def _finish_reason(frames: Frames) -> FinishReason:
    if frames.trouble:
        raise LLMInterrupted(f"The inference server sent {frames.trouble}.")
    if frames.finish_reason == "stop":
        return "stop"
    if frames.finish_reason == "length":
        return "length"
    raise LLMInterrupted(f"The inference server broke off {_where(frames)}.")


async def _body(response: aiohttp.ClientResponse) -> bytes:
    """As much of a body as is worth reading; nothing if it does not come."""
    body = b""
    try:
        async with asyncio.timeout(_SHORT_SECONDS):
            while len(body) < _LARGEST_BODY and (data := await response.content.readany()):
                body += data
    except (aiohttp.ClientError, TimeoutError, OSError):
        return b""
    return body


def _model(listed: Mapping[str, Any]) -> Model:
    context = listed.get("max_model_len")
    return Model(
        id=str(listed["id"]),
        context_tokens=context if isinstance(context, int) else None,
        root=str(listed.get("root") or ""),
        parent=str(listed.get("parent") or ""),
    )
