"""Conversations whose answers a model writes: what it is shown, and answers that end early."""

from __future__ import annotations

import json
import signal
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

import pytest

from serve.scripted.replies import Reply, quoting
from serve.scripted.server import ScriptedOptions
from serve.scripted.tokens import tokens_of
from tests.fixtures.long_conversation import PAPERS, check_costs, conversation_costs
from tests.fixtures.people import problem
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import AT_ONCE, until
from tests.serve.test_generative import answers

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

MILES = "How many miles does the light of the lighthouse reach?"

WHOLE = {"stream": "false"}

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
        return Reply(text, **how) if "<src" in str(body["messages"]) else quoting(body)

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


def broken_off(site: RunningServer, conversation: int) -> Json:
    """The turn of a question whose answer breaks off."""
    site.http.post(f"{PATH}/{conversation}/turns", json={"question": STEPS})
    turn = last(site, conversation)
    assert (turn["state"], turn["error"]["code"]) == ("failed", "llm_interrupted")
    return turn


def continued(site: RunningServer, turn_id: int) -> Json:
    response = site.http.post(f"/api/v1/turns/{turn_id}/continue", params=WHOLE)
    assert response.status_code == 200, response.text
    given: Json = response.json()
    return given


def trace_of(site: RunningServer, turn_id: int) -> Json:
    trace: Json = site.http.get(f"/api/v1/turns/{turn_id}/trace").json()
    return trace


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
    ask(site, conversation, MILES)
    messages = answers(llm.server)[-1]["messages"]
    assert [message["role"] for message in messages] == ["system", "user", "assistant", "user"]
    assert messages[2]["content"] == f'It says so here: <q s="1">{QUOTE}.</q>.'
    assert "<src" in messages[1]["content"]
    assert "<src" not in messages[3]["content"]
    site.http.post(
        f"/api/v1/turns/{first['turn_id']}/edit",
        json={"question": "Who made the lamp?"},
        params={"stream": "false"},
    )
    assert len(answers(llm.server)[-1]["messages"]) == 2


def test_a_prompt_continues_the_one_before_it(site: RunningServer) -> None:
    site.ingest(PAPERS)
    check_costs(conversation_costs(site))


def test_a_language_that_was_named_is_kept_with_the_turn(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    def told() -> str:
        content: str = answers(llm.server)[-1]["messages"][-1]["content"]
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
    assert "Answer in English." in answers(llm.server)[-1]["messages"][1]["content"]
    assert "Answer in French." in told()


def test_the_trace_of_a_stored_answer_has_its_prompt(site: RunningServer, llm: ScriptedLlm) -> None:
    conversation = begun(site)
    for question in (STEPS, MILES, "And who made the lamp of the lighthouse?"):
        answer = ask(site, conversation, question, trace=True)
        stored = trace_of(site, answer["turn_id"])
        assert stored["prompt"] == answer["trace"]["report"]["prompt"]
        assert stored["prompt"] == answers(llm.server)[-1]["messages"]
        assert stored["report"]["model"] == "scripted"
        assert stored["report"]["usage"] == answer["trace"]["report"]["usage"]
    again = site.http.post(
        f"/api/v1/turns/{answer['turn_id']}/regenerate", params={"stream": "false"}
    ).json()
    assert trace_of(site, again["turn_id"])["prompt"] == stored["prompt"]


def test_a_prompt_goes_with_a_document_that_it_showed(site: RunningServer) -> None:
    conversation = begun(site)
    gone = site.ingest({"buoy.txt": b"The buoy of the harbour was painted by Morgane."})[0]
    first = ask(site, conversation, "Who painted the buoy of the harbour?")["turn_id"]
    second = ask(site, conversation)["turn_id"]
    assert "Morgane" in json.dumps(trace_of(site, first)["prompt"])
    assert "Morgane" in json.dumps(trace_of(site, second)["prompt"])
    site.http.delete(f"/api/v1/documents/{gone}")
    for turn_id in (first, second):
        stored = trace_of(site, turn_id)
        assert stored["prompt"] is None
        assert len(stored["report"]["prompt_sha256"]) == 64
        assert "Morgane" not in json.dumps(stored)


def test_a_collection_names_its_model(site: RunningServer, llm: ScriptedLlm) -> None:
    made = site.collection("house")
    assert made["model"] == ""
    site.ingest({"house.txt": LIGHTHOUSE + b" It is white."}, "house")
    path = f"/api/v1/collections/{made['id']}"
    changed = site.http.patch(path, json={"model": " house "}).json()
    assert (changed["name"], changed["model"]) == ("house", "house")
    ask(site, begun(site), collections=["house"])
    assert answers(llm.server)[-1]["model"] == "house"
    ask(site, begun(site))
    assert answers(llm.server)[-1]["model"] == "scripted"
    assert site.http.patch(path, json={"model": ""}).json()["model"] == ""


def test_who_goes_finds_what_arrived(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes(
        f'He climbs <q s="1">{QUOTE}</q> ' + "and on " * 500, token_seconds=0.05
    )
    conversation = begun(site)
    go_after(site, conversation, '"text","delta":"[1]')
    until(lambda: llm.server.running == 0, AT_ONCE)
    until(lambda: last(site, conversation)["state"] == "interrupted")
    kept = last(site, conversation)
    assert kept["answer"].startswith("He climbs [1]")
    assert kept["citations"][0]["quote"] == QUOTE
    llm.server.script = quoting
    ask(site, conversation, STEPS)
    assert f'<q s="1">{QUOTE}</q>' in answers(llm.server)[-1]["messages"][2]["content"]


def test_what_broke_off_is_continued_where_it_ended(site: RunningServer, llm: ScriptedLlm) -> None:
    whole = f'The keeper climbs <q s="1">{QUOTE}</q>, which is much, and every evening.'
    llm.server.script = writes(whole, fault="end", after=len(tokens_of(whole)) - 4)
    conversation = begun(site)
    broken = broken_off(site, conversation)
    llm.server.script = writes(whole)
    rest = continued(site, broken["id"])
    sent = answers(llm.server)[-1]
    begun_with = sent["messages"][-1]["content"]
    assert sent["messages"][-1]["role"] == "assistant"
    assert QUOTE in begun_with
    assert whole.startswith(begun_with)
    assert (sent["add_generation_prompt"], sent["continue_final_message"]) == (False, True)
    assert rest["answer"] == "The keeper climbs [1], which is much, and every evening."
    assert [each["quote"] for each in rest["citations"]] == [QUOTE]
    kept = last(site, conversation)
    assert (kept["id"], kept["state"]) == (rest["turn_id"], "complete")
    assert kept["siblings"] == [broken["id"], rest["turn_id"]]
    assert trace_of(site, rest["turn_id"])["written"] == whole
    assert trace_of(site, rest["turn_id"])["prompt"] == sent["messages"]
    refused = site.http.post(f"/api/v1/turns/{rest['turn_id']}/continue", params=WHOLE)
    problem(refused, 409, "nothing_to_continue")
    regenerate = f"/api/v1/turns/{rest['turn_id']}/regenerate"
    assert site.http.post(regenerate, params=WHOLE).status_code == 200
    assert answers(llm.server)[-1]["messages"][-1]["role"] == "user"


def test_what_is_continued_keeps_the_numbers_of_its_sources(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    tower = site.collection("tower")["id"]
    site.ingest({"tower.txt": b"The keeper of the tower climbs 312 steps each night."}, "tower")
    whole = (
        'He climbs <q s="1">The keeper of the tower climbs 312 steps</q> and rests '
        '<q s="2">on step 90</q>.'
    )
    llm.server.script = writes(whole, fault="end", after=len(tokens_of(whole)) - 16)
    conversation, question = begun(site), "How many steps does the keeper of the tower climb?"
    asked = {"question": question, "collections": ["tower"], "k": 1}
    site.http.post(f"{PATH}/{conversation}/turns", json=asked)
    broken = last(site, conversation)
    assert broken["citations"][0]["document_name"] == "tower.txt"
    newer = f"{question} The keeper of the tower does climb steps, and rests on step 90."
    site.ingest({"newer.txt": newer.encode()}, "tower")
    llm.server.script = writes(whole)
    rest = continued(site, broken["id"])
    assert [(each["document_name"], each["verdict"]) for each in rest["citations"]] == [
        ("tower.txt", "exact"),
        ("newer.txt", "exact"),
    ]
    stored = trace_of(site, rest["turn_id"])
    assert {each["n"]: each["document_name"] for each in stored["sources"]} == {
        1: "tower.txt",
        2: "newer.txt",
    }
    assert stored["prompt"] == answers(llm.server)[-1]["messages"]
    assert '<src n="1" title="tower.txt"' in stored["prompt"][-2]["content"]
    site.http.delete(f"/api/v1/collections/{tower}")


def test_what_ran_out_of_tokens_is_continued(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("and on " * 1_000)
    cut = ask(site, begun(site))
    assert cut["truncated"]
    rest = continued(site, cut["turn_id"])
    assert rest["answer"].startswith(cut["answer"].strip())
    assert len(rest["answer"]) > len(cut["answer"])


def test_a_quote_that_was_cut_off_is_written_anew(site: RunningServer, llm: ScriptedLlm) -> None:
    claim = "and on " * 346 + "He climbs"
    llm.server.script = writes(f'{claim} <q s="1">{QUOTE}</q>.')
    cut = ask(site, begun(site))
    assert cut["truncated"]
    assert not cut["citations"]
    rest = continued(site, cut["turn_id"])
    assert answers(llm.server)[-1]["messages"][-1]["content"] == claim
    assert rest["answer"] == f"{claim} [1]."
    assert not rest["struck"]


def test_what_is_continued_while_the_model_is_down_goes_on_with_sentences(
    site: RunningServer, llm: ScriptedLlm
) -> None:
    llm.server.script = writes("The keeper climbs and climbs.", fault="end", after=4)
    broken = broken_off(site, begun(site))
    llm.stop()
    try:
        rest = continued(site, broken["id"])
    finally:
        llm.start()
        until(lambda: site.http.get("/api/v1/status").json()["llm"]["writes"])
    assert rest["degraded"]["code"] == "llm_unavailable"
    assert rest["answer"].startswith(f"{broken['answer'].strip()}\n\n{QUOTE}")


def test_who_goes_before_the_first_word(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = writes("Late.", first_seconds=30.0)
    conversation = begun(site)
    go_after(site, conversation, '"retrieved"')
    until(lambda: llm.server.running == 0, AT_ONCE)
    until(lambda: last(site, conversation)["state"] == "interrupted")
    assert last(site, conversation)["answer"] == ""


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
