"""The server: routes, keys, its queue, and streams that end when it does."""

from __future__ import annotations

import asyncio
import socket
import uuid
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from aiohttp import web

from serve.errors import TooManyQuestions
from serve.inference.admission import Admission, Ticket
from serve.scripted import refusals
from serve.scripted.demands import Demand, demand_of
from serve.scripted.frames import DONE, Counts, Envelope, error_frame
from serve.scripted.refusals import Refused
from serve.scripted.replies import Fault, Reply, Script, quoting, rest_of
from serve.scripted.streaming import Completion, Engine, Written
from serve.scripted.tokens import PrefixCache, prompt_tokens, tokens_of

_LARGEST_REQUEST = 1 << 26
_DYING_SECONDS = 1.0
_STREAM = {"Content-Type": "text/event-stream; charset=utf-8"}

_Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


@dataclass(frozen=True, slots=True)
class ScriptedOptions:
    """What the server says of itself, and how much it takes; the first model is the default.

    ``admitted`` counts those that run and those that wait, as vLLM's ``--max-num-queued-reqs``
    does in spite of its name. A ``plain`` server obeys no constraint, counts no tokens and does
    not tell its context, as some others than vLLM.
    """

    models: tuple[str, ...] = ("scripted",)
    adapters: tuple[str, ...] = ()
    context_tokens: int = 8_192
    key: str = ""
    running: int = 256
    admitted: int = 1_000_000
    block_tokens: int = 16
    plain: bool = False


class ScriptedServer:
    """A server on loopback, started and stopped in one event loop as often as one likes."""

    def __init__(
        self, script: Script = quoting, options: ScriptedOptions | None = None, port: int = 0
    ) -> None:
        self.options = options or ScriptedOptions()
        self.port = port
        self.requests: list[dict[str, Any]] = []
        self.request_ids: list[str] = []
        self.traceparents: list[str] = []
        self.script = script
        running = min(self.options.running, self.options.admitted)
        self._admission = Admission(running, self.options.admitted - running)
        self._cache = PrefixCache(self.options.block_tokens)
        self._engine = Engine()
        self._streams: set[asyncio.Task[Any]] = set()
        self._listening: tuple[web.AppRunner, socket.socket] | None = None

    @property
    def url(self) -> str:
        """The base address, which ends in /v1."""
        return f"http://127.0.0.1:{self.port}/v1"

    @property
    def running(self) -> int:
        """How many completions are being written."""
        return self._admission.running

    async def start(self) -> None:
        """Listen, on the same port each time."""
        self._engine.ending = None
        # A client that has gone stops what was written for it.
        runner = web.AppRunner(
            self._app(), access_log=None, handler_cancellation=True, shutdown_timeout=0.1
        )
        await runner.setup()
        listener = socket.create_server(("127.0.0.1", self.port))
        self.port = listener.getsockname()[1]
        await web.SockSite(runner, listener).start()
        self._listening = runner, listener

    async def stop(self) -> None:
        """Break off all streams, and refuse connections from now on."""
        if self._listening is not None:
            (runner, listener), self._listening = self._listening, None
            # Python up to 3.11 loses a connection, and never closes it, that is accepted in the
            # turn of the loop in which its server closes.
            asyncio.get_running_loop().remove_reader(listener.fileno())
            await asyncio.sleep(0)
            await runner.cleanup()

    async def end(self, fault: Fault) -> None:
        """End all streams with a fault, then stop.

        ``error`` is what vLLM does when its engine dies, ``abort`` what it does on SIGTERM.
        """
        self._engine.ending = fault
        if self._streams:
            await asyncio.wait(self._streams, timeout=_DYING_SECONDS)
        await self.stop()

    def _app(self) -> web.Application:
        app = web.Application(middlewares=[self._guard], client_max_size=_LARGEST_REQUEST)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        if not self.options.plain:
            app.router.add_post("/tokenize", self._tokenize)
        app.router.add_get("/v1/models", self._models)
        app.router.add_post("/v1/chat/completions", self._chat)
        return app

    @web.middleware
    async def _guard(self, request: web.Request, handler: _Handler) -> web.StreamResponse:
        """Errors in vLLM's words; a key is asked for under /v1 only."""
        given = request.headers.get("Authorization")
        keyed = bool(self.options.key) and request.path.startswith("/v1")
        if keyed and given != f"Bearer {self.options.key}":
            return web.json_response({"error": "Unauthorized"}, status=401)
        try:
            return await handler(request)
        except Refused as refused:
            return web.json_response(refused.body, status=refused.status, headers=refused.headers)
        except web.HTTPException as error:
            return web.json_response({"detail": error.reason}, status=error.status)

    async def _health(self, request: web.Request) -> web.Response:
        return web.Response(status=503 if self._engine.ending else 200)

    async def _models(self, request: web.Request) -> web.Response:
        base = self.options.models[0]
        window = None if self.options.plain else self.options.context_tokens
        data = [_model(name, window, None) for name in self.options.models]
        data += [_model(name, None, base) for name in self.options.adapters]
        return web.json_response({"object": "list", "data": data})

    async def _tokenize(self, request: web.Request) -> web.Response:
        body = await request.json()
        numbers = list(range(len(prompt_tokens(body["messages"]))))
        window = self.options.context_tokens
        return web.json_response(
            {"count": len(numbers), "max_model_len": window, "tokens": numbers, "token_strs": None}
        )

    async def _metrics(self, request: web.Request) -> web.Response:
        label = f'{{engine="0",model_name="{self.options.models[0]}"}}'
        values = {
            "num_requests_running": self._admission.running,
            "num_requests_waiting": self._admission.waiting,
            "generation_tokens_total": self._engine.generated,
            "prefix_cache_queries_total": self._cache.queries,
            "prefix_cache_hits_total": self._cache.hits,
        }
        lines = [f"vllm:{name}{label} {float(value)}\n" for name, value in values.items()]
        return web.Response(text="".join(lines))

    async def _chat(self, request: web.Request) -> web.StreamResponse:
        names = self.options.models + self.options.adapters
        demand = demand_of(await request.read(), names, self.options.context_tokens)
        if demand.refused_in_stream is not None:
            return await _refused_in_stream(request, demand.refused_in_stream)
        self.requests.append(demand.body)
        self.request_ids.append(request.headers.get("X-Request-Id", ""))
        self.traceparents.append(request.headers.get("traceparent", ""))
        reply = rest_of(self.script(demand.body), demand.body)
        if reply.fault == "busy":
            raise refusals.busy(reply.retry_after)
        if reply.fault == "failure" or self._engine.ending:
            raise refusals.dead()
        try:
            ticket = self._admission.ticket()
        except TooManyQuestions:
            raise refusals.busy() from None
        with ticket:
            completion = self._completion(request, demand, reply)
            if not demand.body.get("stream"):
                await _turn_of(ticket)
                return await completion.whole()
            response = web.StreamResponse(headers=_STREAM)
            await response.prepare(request)
            await _turn_of(ticket)
            with self._noted():
                await completion.stream(request, response)
            return response

    def _completion(self, request: web.Request, demand: Demand, reply: Reply) -> Completion:
        text = reply.text if self.options.plain else demand.obeyed_by(reply.text)
        tokens = tokens_of(text)
        counts = Counts(
            prompt=len(demand.prompt),
            cached=self._cache.cached(demand.prompt, among=(demand.model, demand.salt)),
            written=min(len(tokens), demand.most),
        )
        written = Written(
            tokens[: demand.most],
            "length" if len(tokens) > demand.most else "stop",
            counts,
            with_usage=bool((demand.body.get("stream_options") or {}).get("include_usage")),
        )
        own_id = request.headers.get("X-Request-Id") or uuid.uuid4().hex[:16]
        envelope = Envelope(own_id, demand.model)
        return Completion(envelope, reply, written, self._engine)

    @contextmanager
    def _noted(self) -> Iterator[None]:
        """The stream is known while it runs, so that an end can wait for it."""
        task = asyncio.current_task()
        assert task is not None
        self._streams.add(task)
        try:
            yield
        finally:
            self._streams.discard(task)


async def _refused_in_stream(request: web.Request, refused: Refused) -> web.StreamResponse:
    response = web.StreamResponse(headers=_STREAM)
    await response.prepare(request)
    await response.write(error_frame(refused.body) + DONE)
    return response


async def _turn_of(ticket: Ticket) -> None:
    async for _ in ticket.places():
        pass


def _model(name: str, window: int | None, parent: str | None) -> dict[str, Any]:
    return {
        "id": name,
        "object": "model",
        "created": 1_767_225_600,
        "owned_by": "vllm",
        "root": name,
        "parent": parent,
        "max_model_len": window,
        "permission": [],
    }
