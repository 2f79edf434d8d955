"""Answers of a model through Cloister, beside the same requests sent to its server directly."""

from __future__ import annotations

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import psutil

from serve.answers.generative import GenerativeOptions
from serve.answers.llm import Source
from serve.answers.quote_grammar import quote_grammar
from tests.bench.metronome import WORD
from tests.bench.options import Options
from tests.bench.tables import print_table, spread
from tests.conftest import RunningServer, operator_of, start_server
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.vllm_server import KEY, MODEL, vllm_python, vllm_server

Json = dict[str, Any]

_LEASE = (
    "The notice period of this lease is three months to the end of a quarter. "
    "The rent of 950 euros is due on the third working day of each month. "
    "Pets need the written consent of the landlord. The deposit is three rents. "
)
_QUESTION = "What is the notice period of the lease?"
_TOPICS = (
    "attic", "balcony", "bakery", "barn", "bicycle", "boiler", "bridge", "cellar", "chapel",
    "chimney", "clinic", "cottage", "courtyard", "dairy", "elevator", "fountain", "garage",
    "garden", "greenhouse", "harbour", "kitchen", "laundry", "library", "mill", "orchard",
    "pavement", "roof", "stable", "terrace", "workshop",
)  # fmt: skip
_OF_A_TOPIC = (
    "The {topic} of house {i} was built in {year} and has had {count} repairs since. "
    "Its keeper inspects the {topic} every {count} weeks and notes what the weather did to it. "
    "Whoever wants to use the {topic} of house {i} asks the office {count} days before. "
    "The insurance of the {topic} pays up to {year} euros for each case, but not for wear. "
    "In winter the {topic} is closed from the first frost until {count} days after the last. "
    "Keys to the {topic} hang beside door {i}; a lost one costs {count} euros. "
)
_OF_EACH = 8
_OF_THE_KEYS = "Where do the keys to the {} hang?"
_PASSAGE = re.compile(r'<src n="(\d+)"[^>]*>\n(.*?)\n</src>', re.DOTALL)
_BRIEF = "200"
"""Tokens of an answer of which only the first is waited for."""

_STREAMS = 16
_RATE = 50
_READY_SECONDS = 300.0


def run(options: Options) -> None:
    """Print the time to the first token, tokens a second, and streams on one core."""
    with tempfile.TemporaryDirectory(prefix="cloister-bench-") as folder:
        with _engine(Path(folder)) as engine:
            with _site(Path(folder) / "check", engine, LLM_ANSWER_TOKENS=_BRIEF) as site:
                _print_latency(engine, site, "check", _TOPICS[: 3 if options.quick else None])
            with _site(Path(folder) / "whole", engine) as site:
                _print_throughput(engine, site, options.repeats)
            brief = {"CITATIONS": "grammar", "LLM_ANSWER_TOKENS": _BRIEF}
            with _site(Path(folder) / "grammar", engine, **brief) as site:
                _print_latency(engine, site, "grammar", _TOPICS[: 3 if options.quick else None])
        _print_capacity(Path(folder) / "capacity", options.quick)


@dataclass(frozen=True, slots=True)
class _Engine:
    """The server of a model; ``body`` is the request that Cloister made of it."""

    name: str
    url: str
    model: str
    key: str

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key}"} if self.key else {}


@contextmanager
def _engine(folder: Path) -> Iterator[_Engine]:
    """A real vLLM with the toy Llama where it is installed, else the scripted server."""
    python = vllm_python()
    if python is None:
        print("There is no .venv-vllm (`make test-vllm` makes it): the scripted server stands in.")
        with scripted_llm() as llm:
            yield _Engine("scripted server", llm.url, "scripted", "")
        return
    cores = os.sched_getaffinity(0)
    ours, its = _shared_out(cores)
    # What is started has its cores from who starts it.
    os.sched_setaffinity(0, its)
    server = vllm_server(python, folder / "vllm", context=8192, sequences=2 * _STREAMS, admitted=99)
    try:
        server.start()
        os.sched_setaffinity(0, ours)
        yield _Engine("vLLM, toy Llama", server.url, MODEL, KEY)
    finally:
        server.stop()
        os.sched_setaffinity(0, cores)


def _shared_out(cores: set[int]) -> tuple[set[int], set[int]]:
    """The cores of Cloister and of who asks, and those of the model's server, which has its own."""
    if len(cores) < 2:
        return cores, cores
    half = len(cores) // 2
    return set(sorted(cores)[:half]), set(sorted(cores)[half:])


@contextmanager
def _site(data: Path, engine: _Engine, **settings: str) -> Iterator[RunningServer]:
    server = start_server(
        data,
        LLM_URL=engine.url,
        LLM_KEY=engine.key,
        LLM_STREAMS="1000",
        **settings,
    )
    try:
        server.ingest({f"lease {i}.txt": f"{_LEASE} Lease {i}.".encode() for i in range(8)})
        deadline = time.monotonic() + _READY_SECONDS
        while not server.http.get("/api/v1/status").json()["llm"]["writes"]:
            if time.monotonic() > deadline:
                raise SystemExit("the model's server cannot be used")
            time.sleep(0.1)
        yield server
    finally:
        server.stop()


@dataclass(slots=True)
class _Timed:
    """One stream: seconds to its first text, without those of the retrieval, and to its end."""

    first: float = 0.0
    seconds: float = 0.0
    tokens: int = 0
    prompt: list[Json] = field(default_factory=list)


async def _lines(http: httpx.AsyncClient, url: str, body: Json) -> AsyncIterator[Json]:
    async with http.stream("POST", url, json=body) as response:
        response.raise_for_status()
        async for line in response.aiter_lines():
            if line.startswith("data: {"):
                yield json.loads(line[6:])


async def _through(
    http: httpx.AsyncClient, site: RunningServer, question: str = _QUESTION
) -> _Timed:
    """An answer of Cloister."""
    timed, begun = _Timed(), time.monotonic()
    body = {"question": question, "trace": True}
    async for event in _lines(http, f"{site.url}/api/v1/chat", body):
        if event["type"] == "text" and not timed.first:
            timed.first = time.monotonic() - begun
        elif event["type"] == "trace":
            timed.first -= event["trace"]["retrieved_seconds"]
            timed.tokens = event["trace"]["report"]["usage"]["completion_tokens"]
            timed.prompt = event["trace"]["report"]["prompt"]
    timed.seconds = time.monotonic() - begun
    return timed


async def _directly(
    http: httpx.AsyncClient, engine: _Engine, prompt: list[Json], held: Json
) -> _Timed:
    """The same prompt, with more of a request: a salt, too, by which it has not been seen."""
    timed, begun = _Timed(), time.monotonic()
    body = held | {
        "model": engine.model,
        "messages": prompt,
        "temperature": 0,
        "seed": 0,
        "stream": True,
        "stream_options": {"include_usage": True},
    }
    async for frame in _lines(http, f"{engine.url}/chat/completions", body):
        if not timed.first and frame["choices"] and frame["choices"][0]["delta"].get("content"):
            timed.first = time.monotonic() - begun
        timed.tokens = (frame.get("usage") or {}).get("completion_tokens", timed.tokens)
    timed.seconds = time.monotonic() - begun
    return timed


def _grammar_of(prompt: list[Json]) -> str:
    """The grammar that Cloister sends with a prompt, but none that the server has read before."""
    found = _PASSAGE.findall(prompt[-1]["content"])
    return quote_grammar([Source(int(n), "", "", text) for n, text in found]) + "\n"


def _client(headers: dict[str, str]) -> httpx.AsyncClient:
    limits = httpx.Limits(max_connections=None)
    return httpx.AsyncClient(timeout=300, trust_env=False, headers=headers, limits=limits)


def _print_latency(
    engine: _Engine, site: RunningServer, citations: str, topics: Sequence[str]
) -> None:
    """Each question brings passages that neither Cloister nor the engine has worked on."""

    def held(prompt: list[Json]) -> Json:
        # Another salt than that of the other table, whose questions are the same.
        brief: Json = {"max_tokens": int(_BRIEF), "cache_salt": f"directly, {citations}"}
        if citations == "grammar":
            brief["structured_outputs"] = {"grammar": _grammar_of(prompt)}
        return brief

    async def pairs() -> list[tuple[_Timed, _Timed]]:
        async with _client(engine.headers) as direct, _client(operator_of(site.data)) as ours:
            prompt = (await _through(ours, site)).prompt
            await _directly(direct, engine, prompt, held(prompt))
            timed = []
            for topic in topics:
                through = await _through(ours, site, _OF_THE_KEYS.format(topic))
                alone = await _directly(direct, engine, through.prompt, held(through.prompt))
                timed.append((through, alone))
            return timed

    site.ingest(
        {
            f"{topic} {i}.txt": _of_topic(topic, i).encode()
            for topic in topics
            for i in range(_OF_EACH)
        }
    )
    timed = asyncio.run(pairs())
    through = [1_000 * one.first for one, _ in timed]
    direct = [1_000 * other.first for _, other in timed]
    added = [1_000 * (one.first - other.first) for one, other in timed]
    rows = [
        ["through Cloister, without the retrieval", spread(through, ".1f"), ""],
        ["the same request directly", spread(direct, ".1f"), ""],
        ["added", spread(added, ".1f"), "30 (aim 10)"],
    ]
    print_table(
        f"Time to the first token ({engine.name}, citations={citations})",
        ["", "ms, least / median / most", "must, median"],
        rows,
    )


def _of_topic(topic: str, i: int) -> str:
    return _OF_A_TOPIC.format(topic=topic, i=i, year=1900 + 7 * i, count=len(topic) + 3 * i)


def _print_throughput(engine: _Engine, site: RunningServer, repeats: int) -> None:
    whole: Json = {"max_tokens": GenerativeOptions().answer_tokens, "cache_salt": "directly"}

    async def both() -> list[tuple[float, float]]:
        rates = []
        async with _client(engine.headers) as direct, _client(operator_of(site.data)) as ours:
            prompt = (await _through(ours, site)).prompt
            for _ in range(repeats):
                through = await _rate([_through(ours, site) for _ in range(_STREAMS)])
                same = [_directly(direct, engine, prompt, whole) for _ in range(_STREAMS)]
                alone = await _rate(same)
                rates.append((through, alone))
        return rates

    rates = asyncio.run(both())
    rows = [
        ["through Cloister, retrieval included", spread([one for one, _ in rates], ".0f"), ""],
        ["directly", spread([other for _, other in rates], ".0f"), ""],
        ["ratio", spread([one / other for one, other in rates]), "0.9 (aim 0.98)"],
    ]
    heads = ["", "tokens/s, least / median / most", "must"]
    print_table(f"{_STREAMS} streams at once ({engine.name})", heads, rows)


async def _rate(streams: list[Any]) -> float:
    begun = time.monotonic()
    timed = await asyncio.gather(*streams)
    return float(sum(one.tokens for one in timed) / (time.monotonic() - begun))


def _print_capacity(folder: Path, quick: bool) -> None:
    tokens = 100 if quick else 400
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port = listener.getsockname()[1]
    command = [sys.executable, "-m", "tests.bench.metronome", str(port), str(_RATE), str(tokens)]
    with subprocess.Popen(command) as metronome:
        engine = _Engine("metronome", f"http://127.0.0.1:{port}/v1", "metronome", "")
        with _site(folder, engine, WORKERS="1") as site:
            _pin(site.process.pid)
            rows = [_capacity(site, count, tokens) for count in (1, 50, 150, 300)]
        metronome.terminate()
    heads = ["streams", "tokens arrived", "longest stream / ideal", "µs of processor a token"]
    heads += ["streams a core could serve"]
    print_table(f"Streams at {_RATE} tokens/s each through one process on one core", heads, rows)
    print("Must: 150 streams; aim: 300.")


def _pin(process: int) -> None:
    """Let the server have one core of its own, where there are more."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) > 1:
        for task in os.listdir(f"/proc/{process}/task"):
            os.sched_setaffinity(int(task), {cores[0]})


def _capacity(site: RunningServer, count: int, tokens: int) -> list[str]:
    process = psutil.Process(site.process.pid)
    before = process.cpu_times()
    seen = asyncio.run(_all_words(site, count))
    after = process.cpu_times()
    arrived = sum(words for words, _ in seen)
    processor = after.user + after.system - before.user - before.system
    longest = max(seconds for _, seconds in seen)
    return [
        str(count),
        f"{arrived} of {count * tokens}",
        f"{longest:.2f} / {(tokens - 1) / _RATE:.2f} s",
        f"{1e6 * processor / arrived:.0f}",
        f"{arrived / processor / _RATE:.0f}",
    ]


async def _all_words(site: RunningServer, count: int) -> list[tuple[int, float]]:
    host, port = site.url.removeprefix("http://").split(":")
    return await asyncio.gather(
        *(_words(host, int(port), operator_of(site.data)) for _ in range(count))
    )


async def _words(host: str, port: int, own: dict[str, str]) -> tuple[int, float]:
    """The words of a stream, counted without parsing, and seconds from the first to the last."""
    body = json.dumps({"question": _QUESTION}).encode()
    reader, writer = await asyncio.open_connection(host, port)
    head = "POST /api/v1/chat HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
    head += "".join(f"{name}: {value}\r\n" for name, value in own.items())
    writer.write(f"{head}Content-Length: {len(body)}\r\n\r\n".encode() + body)
    words, first, last = 0, 0.0, 0.0
    while data := await reader.read(1 << 16):
        if found := data.count(WORD.encode()):
            last = time.monotonic()
            first = first or last
            words += found
        if b'"type":"done"' in data or b'"type":"failed"' in data:
            break
    writer.close()
    return words, last - first
