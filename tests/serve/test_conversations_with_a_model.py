"""Conversations whose answers a model writes: what it is shown, and answers that end early."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from serve.scripted.replies import Reply, quoting
from serve.scripted.server import ScriptedOptions
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import RunningServer, ServerFactory

PATH = "/api/v1/conversations"
LIGHTHOUSE = (
    b"The lighthouse keeper climbs 217 steps every evening. "
    b"The lamp was made in Paris by Barbier. Its light reaches 21 miles."
)
STEPS = "How many steps does the lighthouse keeper climb?"
QUOTE = "The lighthouse keeper climbs 217 steps every evening"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm(options=ScriptedOptions(adapters=("house",))) as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    return started(module_server, llm)


@pytest.fixture(autouse=True)
def quoting_again(llm: ScriptedLlm) -> Iterator[None]:
    yield
    llm.server.script = quoting


def started(server: ServerFactory, llm: ScriptedLlm, data: Path | None = None) -> RunningServer:
    running = server(data, LLM_URL=llm.url, LLM_STREAMS="1", LLM_QUEUE="0")
    if not running.http.get("/api/v1/documents").json()["items"]:
        running.ingest({"lighthouse.txt": LIGHTHOUSE})
    until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"])
    return running


def writes(text: str, **how: Any) -> Callable[[Json], Reply]:
    """A script for answers that leaves the probe in peace."""

    def script(body: Json) -> Reply:
        return Reply(text, **how) if "<src" in str(body["messages"][-1]) else quoting(body)

    return script


def begun(site: RunningServer) -> int:
    return int(site.http.post(PATH, json={}).json()["id"])


def ask(site: RunningServer, conversation: int, question: str = STEPS, **more: Any) -> Json:
    response = site.http.post(
        f"{PATH}/{conversation}/turns",
        json={"question": question} | more,
        params={"stream": "false"},
    )
    assert response.status_code == 200, response.text
    given: Json = response.json()
    return given


def last(site: RunningServer, conversation: int) -> Json:
    turn: Json = site.http.get(f"{PATH}/{conversation}").json()["turns"][-1]
    return turn


def go_after(site: RunningServer, conversation: int, sign: str) -> None:
    """Ask, and go once the stream has given a sign."""
    body = {"question": STEPS}
    with site.http.stream("POST", f"{PATH}/{conversation}/turns", json=body) as response:
        for line in response.iter_lines():
            if sign in line:
                return


def test_the_model_sees_the_conversation(site: RunningServer, llm: ScriptedLlm) -> None:
    conversation = begun(site)
    first = ask(site, conversation)
    ask(site, conversation, "How many miles does the light of the lighthouse reach?")
    messages = llm.server.requests[-1]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == f'It says so here: <q s="1">{QUOTE}.</q>.'
    assert "<src" in messages[1]["content"]
    assert "<src" not in messages[3]["content"]
    site.http.post(
        f"/api/v1/turns/{first['turn_id']}/edit",
        json={"question": "Who made the lamp?"},
        params={"stream": "false"},
    )
    assert len(llm.server.requests[-1]["messages"]) == 2


def test_a_language_that_was_named_is_kept_with_the_turn(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    def told() -> str:
        content: str = llm.server.requests[-1]["messages"][-1]["content"]
        return content

    def beside(act: str, body: Json) -> None:
        path = f"/api/v1/turns/{turn}/{act}"
        done = site.http.post(path, json=body, params={"stream": "false"})
        assert done.status_code == 200, done.text

    conversation = begun(site)
    turn = ask(site, conversation, language="de")["turn_id"]
    assert "Answer in German." in told()
    stored = last(site, conversation)
    assert (stored["asked"]["language"], stored["language"]) == ("de", "de")
    beside("regenerate", {})
    assert "Answer in German." in told()
    beside("edit", {"question": "How many miles does the light reach?", "language": "hi"})
    assert "Answer in Hindi." in told()
    beside("regenerate", {"language": "question"})
    assert "Answer in English." in told()
    ask(site, conversation, "And who made the lamp of the lighthouse?", language="fr")
    assert "Answer in English." in llm.server.requests[-1]["messages"][1]["content"]
    assert "Answer in French." in told()


def test_the_trace_names_the_prompt_by_its_hash(site: RunningServer) -> None:
    answer = ask(site, begun(site), trace=True)
    stored = site.http.get(f"/api/v1/turns/{answer['turn_id']}/trace").json()
    assert stored["report"]["model"] == "scripted"
    assert stored["report"]["usage"] == answer["trace"]["report"]["usage"]
    assert len(stored["report"]["prompt_sha256"]) == 64
    assert "prompt" not in stored["report"]
    assert "You answer questions" not in json.dumps(stored)


def test_a_collection_names_its_model(site: RunningServer, llm: ScriptedLlm) -> None:
    made = site.collection("house")
    assert made["model"] == ""
    site.ingest({"house.txt": LIGHTHOUSE + b" It is white."}, "house")
    path = f"/api/v1/collections/{made['id']}"
    changed = site.http.patch(path, json={"model": " house "}).json()
    assert (changed["name"], changed["model"]) == ("house", "house")
    ask(site, begun(site), collections=["house"])
    assert llm.server.requests[-1]["model"] == "house"
    ask(site, begun(site))
    assert llm.server.requests[-1]["model"] == "scripted"
    assert site.http.patch(path, json={"model": ""}).json()["model"] == ""


def test_who_goes_finds_what_arrived(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes(
        f'He climbs <q s="1">{QUOTE}</q> ' + "and on " * 500, token_seconds=0.01
    )
    conversation = begun(site)
    go_after(site, conversation, '"text","delta":"[1]')
    until(lambda: last(site, conversation)["state"] == "interrupted")
    kept = last(site, conversation)
    assert kept["answer"].startswith("He climbs [1]")
    assert kept["citations"][0]["quote"] == QUOTE
    until(lambda: llm.server.running == 0)
    llm.server.script = quoting
    ask(site, conversation, STEPS)
    assert f'<q s="1">{QUOTE}</q>' in llm.server.requests[-1]["messages"][2]["content"]


def test_who_goes_before_the_first_word(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("Late.", first_seconds=30.0)
    conversation = begun(site)
    go_after(site, conversation, '"retrieved"')
    until(lambda: last(site, conversation)["state"] == "interrupted")
    assert last(site, conversation)["answer"] == ""
    until(lambda: llm.server.running == 0)


def test_what_breaks_off_is_kept(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("One two three four five six.", fault="error", after=4)
    conversation = begun(site)
    response = site.http.post(
        f"{PATH}/{conversation}/turns", json={"question": STEPS}, params={"stream": "false"}
    )
    assert (response.status_code, response.json()["code"]) == (502, "llm_interrupted")
    kept = last(site, conversation)
    assert (kept["state"], kept["error"]["code"]) == ("failed", "llm_interrupted")
    assert kept["answer"].startswith("One two")


def test_a_full_queue_refuses_before_anything_is_written(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes("Slowly. " * 2_000, token_seconds=0.02)
    busy, refused = begun(site), begun(site)
    body = {"question": STEPS}
    with site.http.stream("POST", f"{PATH}/{busy}/turns", json=body) as response:
        lines = response.iter_lines()
        assert next(lines)
        until(lambda: llm.server.running == 1)
        second = site.http.post(f"{PATH}/{refused}/turns", json=body)
    assert (second.status_code, second.json()["code"]) == (429, "too_many_questions")
    assert site.http.get(f"{PATH}/{refused}").json()["turns"] == []
    until(lambda: llm.server.running == 0)


def test_a_conversation_is_deleted_during_its_answer(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("Word after word. " * 5, token_seconds=0.02)
    conversation = begun(site)
    body = {"question": STEPS}
    with site.http.stream("POST", f"{PATH}/{conversation}/turns", json=body) as response:
        lines = response.iter_lines()
        assert any('"text"' in line for line in lines)
        assert site.http.delete(f"{PATH}/{conversation}").status_code == 204
        assert any('"done"' in line for line in lines)
    assert site.http.get(f"{PATH}/{conversation}").status_code == 404


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_server_that_ends_during_an_answer(
    server: ServerFactory, llm: ScriptedLlm, tmp_path: Path, number: signal.Signals
) -> None:
    llm.server.script = writes("On and on. " * 2_000, token_seconds=0.02)
    running = started(server, llm, tmp_path / "data")
    conversation = begun(running)
    body = {"question": STEPS}
    with running.http.stream("POST", f"{PATH}/{conversation}/turns", json=body) as response:
        lines = response.iter_lines()
        assert any('"text"' in line for line in lines)
        assert last(running, conversation)["state"] == "answering"
        running.process.send_signal(number)
        running.process.wait(30)
    running.stop()
    again = started(server, llm, tmp_path / "data")
    kept = last(again, conversation)
    assert (kept["state"], kept["question"]) == ("interrupted", STEPS)
    assert kept["finished_at"]
    assert kept["answer"].startswith("On and on" if number == signal.SIGTERM else "")
    llm.server.script = quoting
    assert ask(again, conversation)["grounded"]
