"""Chat over a real server, whose model is the scripted one."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, get_args

import pytest

from serve.answers.prompt import LANGUAGES
from serve.schemas import AnswerLanguage
from serve.scripted.replies import Reply, quoting
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import AT_ONCE, until

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

LIGHTHOUSE = (
    b"The lighthouse keeper climbs 217 steps every evening. "
    b"The lamp was made in Paris by Barbier. Its light reaches 21 miles."
)
BRIDGE = (
    "Le pont suspendu mesure 152 mètres de long. Il fut inauguré en 1847 par le préfet.".encode()
)
STEPS = "How many steps does the lighthouse keeper climb?"

Json = dict[str, Any]


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    """A server with two streams and a queue of one, over two documents."""
    server = module_server(LLM_URL=llm.url, LLM_STREAMS="2", LLM_QUEUE="1", LLM_IDLE_SECONDS="5")
    server.ingest({"lighthouse.txt": LIGHTHOUSE, "pont.txt": BRIDGE})
    until(lambda: status(server)["llm"]["writes"])
    return server


@pytest.fixture(autouse=True)
def quoting_again(llm: ScriptedLlm) -> Iterator[None]:
    yield
    llm.server.script = quoting


def status(server: RunningServer) -> Json:
    found: Json = server.http.get("/api/v1/status").json()
    return found


def events(server: RunningServer, question: str = STEPS, **more: Any) -> list[Json]:
    body = {"question": question} | more
    with server.http.stream("POST", "/api/v1/chat", json=body) as response:
        assert response.status_code == 200, response.read()
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    return [json.loads(line.removeprefix("data: ")) for line in lines]


def text_of(seen: list[Json]) -> str:
    return "".join(event["delta"] for event in seen if event["type"] == "text")


def kinds(seen: list[Json]) -> list[str]:
    """The types of the events, repetitions left out."""
    names = [event["type"] for event in seen]
    return [name for i, name in enumerate(names) if i == 0 or names[i - 1] != name]


def writes(text: str, **how: Any) -> Callable[[Json], Reply]:
    """A script for answers that leaves the probe in peace."""

    def script(body: Json) -> Reply:
        return Reply(text, **how) if "<src" in str(body["messages"][-1]) else quoting(body)

    return script


def test_the_model_writes_and_its_quote_is_cited(site: RunningServer) -> None:
    seen = events(site)
    assert kinds(seen) == ["started", "retrieved", "text", "cited", "text", "done"]
    citation = next(event["citation"] for event in seen if event["type"] == "cited")
    assert citation["quote"].rstrip(".") == "The lighthouse keeper climbs 217 steps every evening"
    assert citation["verdict"] == "exact"
    assert text_of(seen) == "It says so here: [1]."
    assert (seen[-1]["grounded"], seen[-1]["truncated"]) == (True, False)


def test_a_whole_answer_and_its_trace(site: RunningServer, llm: ScriptedLlm) -> None:
    body = {"question": STEPS, "trace": True}
    answer = site.http.post("/api/v1/chat", json=body, params={"stream": "false"}).json()
    assert answer["grounded"]
    report = answer["trace"]["report"]
    assert report["prompt"] == llm.server.requests[-1]["messages"]
    assert report["usage"]["prompt_tokens"] > 100
    assert report["model"] == "scripted"
    assert [quote["verdict"] for quote in answer["trace"]["quotes"]] == ["exact"]
    assert {hit["n"] for hit in answer["hits"]} == {1, 2}
    without = site.http.post(
        "/api/v1/chat", json={"question": STEPS}, params={"stream": "false"}
    ).json()
    assert without["trace"] is None


def test_the_question_is_asked_in_its_language(site: RunningServer, llm: ScriptedLlm) -> None:
    seen = events(site, "Combien de mètres mesure le pont suspendu ?")
    assert "152 mètres" in next(e["citation"]["quote"] for e in seen if e["type"] == "cited")
    assert "Answer in French." in llm.server.requests[-1]["messages"][-1]["content"]


def test_a_language_that_is_named_is_the_one_to_answer_in(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    body = {"question": STEPS, "language": "th"}
    answer = site.http.post("/api/v1/chat", json=body, params={"stream": "false"}).json()
    assert "Answer in Thai." in llm.server.requests[-1]["messages"][-1]["content"]
    assert answer["language"] == "th"
    assert answer["citations"]
    unknown = site.http.post("/api/v1/chat", json=body | {"language": "tlh"})
    assert unknown.status_code == 422


def test_every_language_that_may_be_named_has_a_name() -> None:
    assert set(get_args(AnswerLanguage)) == {"question", *LANGUAGES}


def test_a_quote_from_nowhere_is_struck_and_its_sentence_marked(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes(
        'It is high. He climbs 900 steps <q s="1">The keeper climbs 900 steps</q>.'
    )
    seen = events(site)
    struck = next(event for event in seen if event["type"] == "struck")
    assert struck["quote"] == "The keeper climbs 900 steps"
    assert text_of(seen)[struck["start"] : struck["end"]].strip() == "He climbs 900 steps"
    assert seen[-1]["type"] == "done"
    assert not seen[-1]["grounded"]


def test_the_model_abstains(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("NO_ANSWER")
    seen = events(site)
    assert seen[-1]["abstained"]
    assert text_of(seen) == "The documents do not hold the answer."


def test_an_answer_that_runs_out_of_tokens_says_so(llm: ScriptedLlm, server: ServerFactory) -> None:
    own = server(LLM_URL=llm.url, LLM_ANSWER_TOKENS="16")
    own.ingest({"lighthouse.txt": LIGHTHOUSE})
    llm.server.script = writes("word " * 50)
    seen = events(own)
    assert seen[-1]["truncated"]


@pytest.mark.parametrize("fault", ["error", "abort", "end", "done", "cut", "garbage", "silence"])
def test_what_breaks_off_is_kept_and_marked(
    site: RunningServer, llm: ScriptedLlm, fault: Any
) -> None:
    llm.server.script = writes("One two three four five six seven eight.", fault=fault, after=4)
    seen = events(site)
    assert text_of(seen).startswith("One two")
    assert seen[-1]["type"] == "failed"
    assert seen[-1]["error"]["code"] == "llm_interrupted"
    assert seen[-1]["error"]["advice"]
    whole = site.http.post("/api/v1/chat", json={"question": STEPS}, params={"stream": "false"})
    assert (whole.status_code, whole.json()["code"]) == (502, "llm_interrupted")


def test_without_the_model_the_documents_speak_and_it_is_said(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.stop()
    try:
        seen = events(site)
        assert kinds(seen) == ["started", "retrieved", "degraded", "text", "cited", "text", "done"]
        degraded = seen[2]["error"]
        assert degraded["code"] == "llm_unavailable"
        assert "217 steps" in text_of(seen)
        until(lambda: not status(site)["llm"]["writes"])
        assert status(site)["llm"]["trouble"]
        whole = site.http.post(
            "/api/v1/chat", json={"question": STEPS}, params={"stream": "false"}
        ).json()
        assert whole["degraded"]["code"] == "llm_unavailable"
    finally:
        llm.start()
    until(lambda: status(site)["llm"]["writes"])
    assert text_of(events(site)) == "It says so here: [1]."


def test_a_busy_model_is_named_with_a_time_to_try_again(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes("", fault="busy", retry_after=2)
    whole = site.http.post("/api/v1/chat", json={"question": STEPS}, params={"stream": "false"})
    assert (whole.status_code, whole.json()["code"]) == (503, "llm_busy")
    assert whole.headers["Retry-After"] == "2"
    assert events(site)[-1]["error"]["retry_after"] == 2


def test_the_queue_tells_its_places_and_refuses_when_it_is_full(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes("Slowly spoken words. " * 20, token_seconds=0.1)
    seen: list[list[Json]] = []
    threads = [threading.Thread(target=lambda: seen.append(events(site))) for _ in range(3)]
    for thread in threads:
        thread.start()
    until(lambda: status(site)["llm"]["running"] == 2 and status(site)["llm"]["waiting"] == 1)
    refused = site.http.post("/api/v1/chat", json={"question": STEPS})
    assert refused.status_code == 429
    assert refused.json()["code"] == "too_many_questions"
    assert int(refused.headers["Retry-After"]) >= 1
    for thread in threads:
        thread.join()
    assert sorted("queued" in kinds(each) for each in seen) == [False, False, True]
    assert all(each[-1]["type"] == "done" for each in seen)
    assert status(site)["llm"]["running"] == 0


def test_a_client_that_goes_stops_the_model(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("On and on. " * 500, token_seconds=0.05)
    with site.http.stream("POST", "/api/v1/chat", json={"question": STEPS}) as response:
        for line in response.iter_lines():
            if '"text"' in line:
                break
        assert llm.server.running == 1
    until(lambda: llm.server.running == 0, AT_ONCE)
    until(lambda: status(site)["llm"]["running"] == 0)


def test_status_tells_what_the_server_can_do(site: RunningServer) -> None:
    llm = status(site)["llm"]
    assert (llm["model"], llm["context_tokens"], llm["trouble"]) == ("scripted", 8192, "")
    assert (llm["tokenizes"], llm["json_schema"], llm["grammar"]) == (True, True, True)


def test_a_wrong_key_is_told(server: ServerFactory) -> None:
    from serve.scripted.server import ScriptedOptions

    with scripted_llm(options=ScriptedOptions(key="right")) as guarded:
        own = server(LLM_URL=guarded.url, LLM_KEY="b4d-k3y")
        until(lambda: "CLOISTER_LLM_KEY" in status(own)["llm"]["trouble"])
        assert "b4d-k3y" not in own.http.get("/api/v1/status").text
