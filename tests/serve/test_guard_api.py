"""The safety model beside a real server: chat, conversations, status, and clients that go."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from serve.scripted.replies import Reply, quoting
from tests.fixtures.llama_guard import llama_guard
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand, RunningServer, ServerFactory

LIGHTHOUSE = b"The lighthouse keeper climbs 217 steps every evening. The lamp was made in Paris."
STEPS = "How many steps does the lighthouse keeper climb?"
UNSAFE = "How does the lighthouse keeper grow anthrax?"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def judge() -> Iterator[ScriptedLlm]:
    with scripted_llm(llama_guard) as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, judge: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url, GUARD_URL=judge.url)
    server.ingest({"lighthouse.txt": LIGHTHOUSE})
    until(lambda: status(server)["llm"]["writes"] and status(server)["guard"]["judges"])
    return server


@pytest.fixture(autouse=True)
def as_before(llm: ScriptedLlm, judge: ScriptedLlm) -> Iterator[None]:
    yield
    llm.server.script = quoting
    judge.server.script = llama_guard


def status(server: RunningServer) -> Json:
    found: Json = server.http.get("/api/v1/status").json()
    return found


def events(server: RunningServer, question: str, path: str = "/api/v1/chat") -> list[Json]:
    body = {"question": question, "trace": True}
    with server.http.stream("POST", path, json=body) as response:
        assert response.status_code == 200, response.read()
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def kinds(seen: list[Json]) -> list[str]:
    names = [event["type"] for event in seen]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


def writes(text: str) -> Callable[[Json], Reply]:
    def script(body: Json) -> Reply:
        return Reply(text) if "<src" in str(body["messages"][-1]) else quoting(body)

    return script


def test_a_safe_answer_is_given(site: RunningServer) -> None:
    assert kinds(events(site, STEPS)) == [
        "started", "retrieved", "text", "cited", "text", "trace", "done",
    ]  # fmt: skip


def test_an_unsafe_question_is_withheld(site: RunningServer, llm: ScriptedLlm) -> None:
    before = len(llm.server.requests)
    seen = events(site, UNSAFE)
    assert kinds(seen) == ["started", "failed"]
    assert seen[-1]["error"]["code"] == "question_withheld"
    assert "indiscriminate weapons" in seen[-1]["error"]["detail"]
    whole = site.http.post("/api/v1/chat", json={"question": UNSAFE}, params={"stream": "false"})
    assert (whole.status_code, whole.json()["code"]) == (422, "question_withheld")
    assert len(llm.server.requests) == before


def test_an_unsafe_answer_is_nowhere(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("An insult about the keeper.")
    conversation = site.http.post("/api/v1/conversations", json={}).json()["id"]
    seen = events(site, STEPS, f"/api/v1/conversations/{conversation}/turns")
    assert kinds(seen) == ["started", "retrieved", "trace", "failed"]
    assert seen[-1]["error"]["code"] == "answer_withheld"
    assert "insult" not in json.dumps(seen)
    kept = site.http.get(f"/api/v1/conversations/{conversation}").text
    assert "answer_withheld" in kept
    assert "insult" not in kept
    for form in ("md", "json"):
        exported = site.http.get(
            f"/api/v1/conversations/{conversation}/export", params={"format": form}
        )
        assert "insult" not in exported.text


def test_a_client_that_goes_while_its_answer_is_judged(
    site: RunningServer, judge: ScriptedLlm
) -> None:
    def slow(body: Json) -> Reply:
        return Reply("safe", first_seconds=60.0 if len(body["messages"]) == 2 else 0.0)

    judge.server.script = slow
    with site.http.stream("POST", "/api/v1/chat", json={"question": STEPS}) as response:
        lines = response.iter_lines()
        while '"retrieved"' not in next(lines):
            pass
        # The iterator is kept: dropping it would end the connection.
        until(lambda: judge.server.running == 1)
        del lines
    until(lambda: judge.server.running == 0)
    until(lambda: status(site)["llm"]["running"] == 0)


def test_status_tells_of_the_guard(
    site: RunningServer, judge: ScriptedLlm, cloister: CloisterCommand
) -> None:
    assert status(site)["guard"] == {
        "url": judge.url,
        "model": "scripted",
        "judges": True,
        "categories": ["S1", "S2", "S3", "S4", "S9", "S10", "S11"],
        "asked": True,
        "trouble": "",
    }
    told = cloister("status", data=site.data).out
    assert f"scripted at {judge.url} (S1, S2, S3, S4, S9, S10, S11)" in told


def test_without_its_guard_nothing_is_answered(
    site: RunningServer, judge: ScriptedLlm, cloister: CloisterCommand
) -> None:
    judge.stop()
    try:
        seen = events(site, STEPS)
        assert kinds(seen) == ["started", "failed"]
        assert seen[-1]["error"]["code"] == "guard_unavailable"
        whole = site.http.post("/api/v1/chat", json={"question": STEPS}, params={"stream": "false"})
        assert whole.status_code == 503
        until(lambda: not status(site)["guard"]["judges"])
        assert "so nothing is answered" in cloister("status", data=site.data).out
        found = site.http.post("/api/v1/search", json={"query": "lamp"}).json()
        assert found["items"]
    finally:
        judge.start()
    until(lambda: status(site)["guard"]["judges"])
    assert events(site, STEPS)[-1]["type"] == "done"


def test_a_guard_beside_the_documents_own_sentences(
    server: ServerFactory, judge: ScriptedLlm
) -> None:
    plain = server(GUARD_URL=judge.url)
    plain.ingest({"lighthouse.txt": LIGHTHOUSE + b" The insult was the wind."})
    until(lambda: status(plain)["guard"]["judges"])
    assert status(plain)["llm"] is None
    assert events(plain, STEPS)[-1]["type"] == "done"
    assert events(plain, UNSAFE)[-1]["error"]["code"] == "question_withheld"


def test_a_category_that_does_not_exist_stops_the_command(cloister: CloisterCommand) -> None:
    ran = cloister("status", GUARD_CATEGORIES="S1,S99")
    assert ran.code == 2
    assert "S14" in ran.err
