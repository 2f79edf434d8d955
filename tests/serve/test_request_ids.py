"""The id of a request: given by the client or by the gate, and found again at the model."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from tests.fixtures.llama_guard import llama_guard
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

QUESTION = "How many steps does the lighthouse keeper climb?"


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url)
    server.ingest({"lighthouse.txt": b"The lighthouse keeper climbs 217 steps every evening."})
    deadline = time.monotonic() + 20
    while not server.http.get("/api/v1/status").json()["llm"]["writes"]:
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return server


@pytest.mark.parametrize("given", ["a", "A.b_c-9", "x" * 64])
def test_a_good_id_is_kept(site: RunningServer, given: str) -> None:
    response = site.http.get("/healthz", headers={"X-Request-Id": given})
    assert response.headers["x-request-id"] == given
    refused = site.http.get("/nothing", headers={"X-Request-Id": given})
    assert refused.json()["request_id"] == given


@pytest.mark.parametrize("given", ["", "x" * 65, "a b", "a\tb", "a/b", "é", "a%0ab"])
def test_another_id_is_replaced(site: RunningServer, given: str) -> None:
    response = site.http.get("/healthz", headers=[(b"X-Request-Id", given.encode())])
    kept = response.headers["x-request-id"]
    assert kept != given
    assert len(kept) == 32


def test_the_model_is_asked_under_the_id(site: RunningServer, llm: ScriptedLlm) -> None:
    headers = {"X-Request-Id": "asked-1"}
    site.http.post("/api/v1/chat", json={"question": QUESTION}, headers=headers)
    assert llm.server.request_ids[-1] == "asked-1"
    generated = site.http.post("/api/v1/chat", json={"question": QUESTION})
    assert llm.server.request_ids[-1] == generated.headers["x-request-id"]


def test_so_it_is_in_a_conversation(site: RunningServer, llm: ScriptedLlm) -> None:
    path = f"/api/v1/conversations/{site.http.post('/api/v1/conversations', json={}).json()['id']}"
    before = len(llm.server.request_ids)
    for number in ("turn-1", "turn-2"):
        headers = {"X-Request-Id": number}
        site.http.post(f"{path}/turns", json={"question": QUESTION}, headers=headers)
    # The second question is rewritten first, under the same id.
    assert set(llm.server.request_ids[before:]) == {"turn-1", "turn-2"}
    assert llm.server.request_ids[before:].count("turn-2") == 2


def test_the_safety_model_is_asked_under_it_too(llm: ScriptedLlm, server: ServerFactory) -> None:
    with scripted_llm(llama_guard) as guard:
        running = server(LLM_URL=llm.url, GUARD_URL=guard.url)
        headers = {"X-Request-Id": "judged-1"}
        answer = running.http.post(
            "/api/v1/chat", json={"question": QUESTION}, headers=headers, params={"stream": "false"}
        )
        assert answer.status_code == 200, answer.text
        assert guard.server.request_ids[-1] == "judged-1"
