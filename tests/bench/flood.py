"""What others notice while one person sends as much as a program can."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx
import numpy as np

from serve.scripted.replies import Reply, quoting
from tests.bench.options import Options
from tests.bench.tables import milliseconds, print_table
from tests.conftest import start_server
from tests.fixtures.people import Town
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.waiting import until

_UPLOADERS, _ASKERS, _SEARCHERS = 4, 12, 4
_ROUNDS, _PAUSE = 60, 0.1
_QUESTION = "When does the lighthouse open?"

Send = Callable[[httpx.Client], int]


def run(options: Options) -> None:
    """The same searches and questions of two people, before and during the flood of a third."""
    rounds = 5 if options.quick else _ROUNDS
    with TemporaryDirectory() as folder, scripted_llm(_slowly) as model:
        site = start_server(Path(folder) / "data", LLM_URL=model.url)
        try:
            until(lambda: site.http.get("/api/v1/status").json()["llm"]["writes"], 60)
            town = Town(site)
            flooder, *others = _people(town)
            _measured(others, 3)
            quiet = _measured(others, rounds)
            with _flood(flooder) as sent:
                flooded = _measured(others, rounds)
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


def _slowly(body: dict[str, Any]) -> Reply:
    """A quote, at the pace of a model."""
    return Reply(quoting(body).text, first_seconds=0.2, token_seconds=0.02)


def _people(town: Town) -> list[httpx.Client]:
    home = town.server.collection("home")["id"]
    files = {f"{n}.txt": f"Lighthouse {n} opens in May.".encode() for n in range(20)}
    town.server.ingest(files, "home")
    people = [town.person(name) for name in ("Flo", "Ada", "Bob")]
    for each in people:
        town.granted(home, each, "writer")
    return [town.key(each, "search", "ask", "ingest") for each in people]


def _measured(people: list[httpx.Client], rounds: int) -> dict[str, list[float]]:
    """How long searches and the first words of answers took."""
    times: dict[str, list[float]] = {"search": [], "first token": []}

    def lives(http: httpx.Client) -> None:
        for _ in range(rounds):
            begun = time.perf_counter()
            assert _search(http) == 200
            times["search"].append(time.perf_counter() - begun)
            times["first token"].append(_first_token(http))
            time.sleep(_PAUSE)

    threads = [threading.Thread(target=lives, args=[each]) for each in people]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return times


def _search(http: httpx.Client) -> int:
    return http.post("/api/v1/search", json={"query": _QUESTION}).status_code


def _first_token(http: httpx.Client) -> float:
    begun = time.perf_counter()
    with http.stream("POST", "/api/v1/chat", json={"question": _QUESTION}) as answer:
        assert answer.status_code == 200, answer.read()
        for line in answer.iter_lines():
            if '"type":"text"' in line.replace(" ", ""):
                return time.perf_counter() - begun
    raise AssertionError("no words came")


@contextmanager
def _flood(http: httpx.Client) -> Iterator[Counter[str]]:
    """One person's program that waits for nothing but its replies, until the block ends."""
    numbers, sent, ended = count(), Counter[str](), threading.Event()

    def upload(client: httpx.Client) -> int:
        text = f"Note {next(numbers)}. " + "The lighthouse opens in May. " * 200
        files = {"file": (f"note {next(numbers)}.txt", text.encode())}
        return client.post(
            "/api/v1/documents", files=files, data={"collection": "home"}
        ).status_code

    def ask(client: httpx.Client) -> int:
        body = {"question": _QUESTION}
        return client.post("/api/v1/chat?stream=false", json=body).status_code

    def go_on(name: str, send: Send) -> None:
        headers = {"Authorization": http.headers["Authorization"]}
        with httpx.Client(base_url=http.base_url, headers=headers, timeout=120) as client:
            while not ended.is_set():
                sent[f"{name} {send(client)}"] += 1

    work: list[tuple[str, Send]] = [("upload", upload)] * _UPLOADERS
    work += [("question", ask)] * _ASKERS + [("search", _search)] * _SEARCHERS
    threads = [threading.Thread(target=go_on, args=each) for each in work]
    for thread in threads:
        thread.start()
    time.sleep(2)
    try:
        yield sent
    finally:
        ended.set()
        for thread in threads:
            thread.join()
