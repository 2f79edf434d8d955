"""Another embedding model over documents that are there: one command, whatever interrupts it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from tests.conftest import (
    ROOT,
    CloisterCommand,
    RunningServer,
    ServerFactory,
    cloister_environment,
)
from tests.contract.embedding_server import KEY, LoopbackEmbeddings, served
from tests.faults.site import text_of, wait_until

NUMBERS = range(12)


@pytest.fixture
def embeddings() -> Iterator[LoopbackEmbeddings]:
    with served() as embeddings:
        yield embeddings


@pytest.fixture
def data(tmp_path: Path, cloister: CloisterCommand) -> Path:
    """A data folder with more chunks than are embedded at once."""
    papers = tmp_path / "papers"
    papers.mkdir()
    for number in NUMBERS:
        texts = [text_of(f"{number}", version) for version in range(3)]
        (papers / f"{number}.txt").write_text("\n\n".join(texts))
    assert cloister("ingest", str(papers)).code == 0
    return tmp_path / "data"


def other(embeddings: LoopbackEmbeddings) -> dict[str, str]:
    """The settings for another embedder than the one of the documents."""
    return {"EMBEDDER": "served", "EMBEDDER_URL": embeddings.url, "EMBEDDER_KEY": KEY}


def found(running: RunningServer, number: int) -> bool:
    """Whether a document is found first, by the words that no other has."""
    words = [word for word in text_of(f"{number}", 0).split() if word.startswith("x")]
    body = {"query": " ".join(words[:8]), "k": 8}
    items = running.http.post("/api/v1/search", json=body).json()["items"]
    is_dense = any(hit["dense_rank"] is not None for hit in items)
    return is_dense and items[0]["document_name"] == f"{number}.txt"


def assert_all_found(running: RunningServer) -> None:
    """Every document is found, once what is made anew from SQL is there."""
    for number in NUMBERS:
        wait_until(partial(found, running, number))


def killed_in_the_middle(data: Path, embeddings: LoopbackEmbeddings, number: int) -> int:
    """The exit code of ``cloister reembed`` that gets a signal at its second batch."""
    reached, killed = threading.Event(), threading.Event()

    def hold(texts: list[str]) -> None:
        if len(embeddings.seen) > 2:
            reached.set()
            killed.wait()

    embeddings.on_texts = hold
    process = subprocess.Popen(
        [sys.executable, "-m", "serve", "--data", str(data), "reembed"],
        cwd=ROOT, env=cloister_environment(**other(embeddings)), stderr=subprocess.DEVNULL,
    )  # fmt: skip
    try:
        assert reached.wait(60)
        os.kill(process.pid, number)
    finally:
        embeddings.on_texts = lambda texts: None
        killed.set()
    return process.wait(60)


def test_documents_get_the_vectors_of_another_model(
    data: Path, cloister: CloisterCommand, embeddings: LoopbackEmbeddings, server: ServerFactory
) -> None:
    refused = cloister("serve", "--port", "0", **other(embeddings))
    assert refused.code == 1
    assert "cloister reembed" in refused.err
    ran = cloister("reembed", "--json", **other(embeddings))
    assert ran.code == 0, ran.err
    chunks = json.loads(ran.out)["chunks"]
    assert chunks > 64
    assert sum(map(len, embeddings.seen)) >= chunks
    running = server(data, **other(embeddings))
    status = running.http.get("/api/v1/status").json()
    assert status["chunks"] == chunks
    assert_all_found(running)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGINT])
def test_nothing_is_lost_in_between(
    data: Path,
    cloister: CloisterCommand,
    embeddings: LoopbackEmbeddings,
    server: ServerFactory,
    number: int,
) -> None:
    code = killed_in_the_middle(data, embeddings, number)
    assert code == (130 if number == signal.SIGINT else -number)
    former = server(data)
    assert_all_found(former)
    former.stop()
    embeddings.seen.clear()
    ran = cloister("reembed", "--json", **other(embeddings))
    assert ran.code == 0, ran.err
    made = sum(len(texts) for texts in embeddings.seen if texts != ["dimensions"])
    assert 0 < made < json.loads(ran.out)["chunks"]
    assert_all_found(server(data, **other(embeddings)))


def test_it_leaves_a_server_alone(
    tmp_path: Path, cloister: CloisterCommand, server: ServerFactory
) -> None:
    nothing = cloister("reembed")
    assert (nothing.code, "no data" in nothing.err) == (1, True)
    assert "server" in cloister("reembed", SERVER="http://127.0.0.1:9").err
    running = server(tmp_path / "data")
    in_use = cloister("reembed")
    assert (in_use.code, "in use" in in_use.err) == (1, True)
    assert running.http.get("/healthz").status_code == 200
