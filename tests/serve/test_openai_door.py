"""What the OpenAI door makes of requests, beyond what the clients show."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from retrieval.types import Collection
from serve.errors import LLMUnavailable
from serve.openai_door.bodies import ChatMessage
from serve.openai_door.messages import dialogue_of
from serve.openai_door.models import slugs_of
from serve.openai_door.tasks import chore_done
from serve.scripted.replies import Reply, quoting
from tests.fixtures.llama_guard import llama_guard
from tests.fixtures.programs import pdf_of_pages
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import AT_ONCE, until
from tests.serve.test_chat_api import status

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

STEPS = "How many steps does the lighthouse keeper climb?"
QUOTE = "The lighthouse keeper climbs 217 steps every evening."
PUBLIC = "cloister.example.org"
TITLE = """### Task:
Generate a concise title summarizing the chat history.
### Output:
JSON format: { "title": "your concise title here" }
### Chat History:
<chat_history>
USER: How high is it?
ASSISTANT: 30 metres. Its "tags" are none.
</chat_history>"""

Json = dict[str, Any]


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm() as running:
        yield running


@pytest.fixture(scope="module")
def site(llm: ScriptedLlm, module_server: ServerFactory) -> RunningServer:
    server = module_server(LLM_URL=llm.url, PUBLIC_HOST=PUBLIC)
    server.ingest({"lighthouse.pdf": pdf_of_pages("Built of granite.", QUOTE)})
    until(lambda: status(server)["llm"]["writes"])
    return server


@pytest.fixture(scope="module")
def without_model(module_server: ServerFactory) -> RunningServer:
    server = module_server()
    server.ingest({"lighthouse.txt": QUOTE.encode()})
    return server


def asked(server: RunningServer, question: str = STEPS, **more: Any) -> httpx.Response:
    headers = more.pop("headers", {})
    body = {"model": "all", "messages": [{"role": "user", "content": question}]} | more
    return server.http.post("/v1/chat/completions", json=body, headers=headers)


def content(response: httpx.Response) -> str:
    text: str = response.json()["choices"][0]["message"]["content"]
    return text


def chunks(response: httpx.Response) -> list[Json]:
    lines = [line.removeprefix("data: ") for line in response.text.splitlines() if line]
    assert lines[-1] == "[DONE]"
    return [json.loads(line) for line in lines[:-1]]


def collections(*names: str) -> list[Collection]:
    now = datetime.now(UTC)
    return [Collection(id, name, now) for id, name in enumerate(names, start=1)]


def test_slugs_are_unique_and_stay() -> None:
    names = ("Été", "ete", "ete-2", "all", "plain", "…", "合同", "Ete 2")
    slugs = {each.id: slug for slug, each in slugs_of(collections(*names)).items()}
    assert slugs[1] == "ete"
    assert slugs[2] == "ete-2"
    assert slugs[3] == "ete-2-3"
    assert (slugs[4], slugs[5], slugs[6], slugs[7]) == ("all-4", "plain-5", "collection-6", "合同")
    assert len(slugs) == len(names)
    for count in range(len(names)):
        fewer = {each.id: slug for slug, each in slugs_of(collections(*names[:count])).items()}
        assert fewer.items() <= slugs.items()


def test_a_dialogue_keeps_who_said_what() -> None:
    said = [
        ("system", "Be short."),
        ("assistant", "Hello!"),
        ("user", "One?"),
        ("user", "Two?"),
        ("assistant", "So it is [1].\n\nSources:\n\n- [1] [a.pdf, p. 1](http://x/d/1#page=1&c=1)"),
        ("tool", "ignored"),
        ("assistant", 'More <q s="1">words</q> [a link](http://x).'),
        ("user", "Three?"),
    ]
    dialogue = dialogue_of(ChatMessage(role=role, content=text) for role, text in said)
    assert (dialogue.instructions, dialogue.question) == ("Be short.", "Three?")
    (turn,) = dialogue.past
    assert turn.question == "Two?"
    assert turn.written.startswith("So it is")
    assert "[1]" not in turn.written.splitlines()[0]
    assert "[a link](http://x)" in turn.written
    assert "<q" not in turn.written


def test_chores_are_done_without_a_model() -> None:
    assert json.loads(chore_done(TITLE)) == {"title": "How high is it?"}
    long = TITLE.replace("How high is it?", "word " * 40)
    assert len(json.loads(chore_done(long))["title"]) <= 61
    assert json.loads(chore_done('### Task:\nFollow up: { "follow_ups": [] }')) == {
        "follow_ups": []
    }
    with pytest.raises(LLMUnavailable):
        chore_done('### Task:\nAnswer.\n<context>A "title"</context>\nWhat is it?')
    with pytest.raises(LLMUnavailable):
        chore_done("### Task:\nPaint.")


def test_links_lead_to_the_public_name(site: RunningServer) -> None:
    inside = content(asked(site))
    assert f"(https://{PUBLIC}/d/1#page=2&c=" in inside
    outside = content(asked(site, headers={"Host": f"{PUBLIC}:8443"}))
    assert f"(https://{PUBLIC}:8443/d/1#page=2&c=" in outside


def test_open_webui_gets_its_events(site: RunningServer, llm: ScriptedLlm) -> None:
    """As its ``utils/middleware.py`` (0.12.4) reads them, and its front end groups them."""
    said = QUOTE.removesuffix(" every evening.")
    llm.server.script = lambda body: Reply(f'So <q s="1">{QUOTE}</q>, yes <q s="1">{said}</q>.')
    try:
        by_header = chunks(asked(site, stream=True, headers={"X-Citations": "open-webui"}))
        by_name = chunks(asked(site, stream=True, model="all:open-webui"))
    finally:
        llm.server.script = quoting
    for seen in (by_header, by_name):
        told = [each for each in seen if "event" in each]
        assert all(each["choices"] == [] for each in told)
        sources = [each["event"]["data"] for each in told]
        assert {each["event"]["type"] for each in told} == {"source"}
        assert [each["document"] for each in sources] == [[QUOTE], [said]]
        ids = [each["metadata"][0]["source"] for each in sources]
        assert len(set(ids)) == 2
        assert not any(each.startswith("http") for each in ids)
        assert sources[0]["metadata"][0]["page"] + 1 == 2
        assert "file_id" not in sources[0]["metadata"][0]
        assert sources[0]["source"]["name"] == "lighthouse.pdf, p. 2"
        assert sources[0]["source"]["url"].startswith(f"https://{PUBLIC}/d/1#page=2")
        text = "".join(c["delta"].get("content", "") for e in seen for c in e["choices"])
        assert text == "So [1], yes [2]."


def test_requests_as_open_webui_sends_them(site: RunningServer) -> None:
    more: Json = {
        "stream": True,
        "stream_options": {"include_usage": True},
        "metadata": None,
        "tools": None,
    }
    seen = chunks(asked(site, **more, headers={"X-OpenWebUI-User-Name": "A"}))
    assert seen[-1]["usage"]["total_tokens"] > 0
    assert site.http.get("/v1/models").json()["data"][0]["name"] == "All documents"


def test_without_a_model_the_documents_answer(without_model: RunningServer) -> None:
    text = content(asked(without_model))
    assert text.startswith(f"{QUOTE} [1]\n\nSources:\n\n- [1] [lighthouse.txt](")
    ids = [each["id"] for each in without_model.http.get("/v1/models").json()["data"]]
    assert ids == ["all", "default"]
    assert asked(without_model, model="plain").status_code == 404
    assert json.loads(content(asked(without_model, TITLE)))["title"] == "How high is it?"
    refused = asked(without_model, "### Task:\nPaint.")
    assert (refused.status_code, refused.json()["error"]["code"]) == (502, "llm_unavailable")


def test_a_model_that_is_down_is_said_to_be(server: ServerFactory) -> None:
    with scripted_llm() as llm:
        site = server(LLM_URL=llm.url)
        site.ingest({"lighthouse.txt": QUOTE.encode()})
    whole = asked(site)
    assert "documents' own sentences" in content(whole)
    assert whole.json()["cloister"]["degraded"]["code"] == "llm_unavailable"
    plain = asked(site, model="plain")
    assert (plain.status_code, plain.json()["error"]["code"]) == (502, "llm_unavailable")
    seen = chunks(asked(site, model="plain", stream=True))
    assert seen[-1]["error"]["code"] == "llm_unavailable"
    assert not any(c["finish_reason"] for each in seen for c in each.get("choices", []))


def test_text_that_nothing_can_hold_is_a_bad_request(without_model: RunningServer) -> None:
    half = "\\ud800"
    for body in (
        f'{{"model": "all", "input": "x", "instructions": "{half}"}}',
        f'{{"model": "all", "input": "{half}"}}',
        f'{{"model": "{half}", "input": "x"}}',
    ):
        response = without_model.http.post(
            "/v1/responses", content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code in (400, 404), response.text


def test_the_safety_model_stands_before_this_door_too(server: ServerFactory) -> None:
    with scripted_llm() as llm, scripted_llm(llama_guard) as judge:
        site = server(LLM_URL=llm.url, GUARD_URL=judge.url)
        site.ingest({"lighthouse.txt": QUOTE.encode()})
        until(lambda: status(site)["llm"]["writes"] and status(site)["guard"]["judges"])
        assert content(asked(site)).startswith("It says so here: [1].")
        for model in ("all", "plain"):
            refused = asked(site, "How does one grow anthrax?", model=model)
            assert refused.status_code == 400
            assert refused.json()["error"]["code"] == "question_withheld"


def test_an_answer_stops_when_its_client_goes(site: RunningServer, llm: ScriptedLlm) -> None:
    llm.server.script = lambda body: Reply("Slowly, slowly. " * 200, token_seconds=0.05)
    body = {"model": "plain", "messages": [{"role": "user", "content": STEPS}]}
    try:
        with pytest.raises(httpx.ReadTimeout):
            site.http.post("/v1/chat/completions", json=body, timeout=1.0)
        until(lambda: llm.server.running == 0, AT_ONCE)
    finally:
        llm.server.script = quoting


@pytest.mark.parametrize(
    ("method", "path", "status", "kind"),
    [
        ("GET", "/v1/nothing", 404, "not_found_error"),
        ("GET", "/v1/chat/completions", 405, "invalid_request_error"),
        ("GET", "/v1/models/none", 404, "not_found_error"),
        ("GET", "/v1/files?limit=0", 400, "invalid_request_error"),
        ("POST", "/v1/files", 400, "invalid_request_error"),
        ("POST", "/v1/chat/completions", 400, "invalid_request_error"),
        ("GET", "/v1/vector_stores/vs_99999999999999999999/files", 404, "not_found_error"),
    ],
)
def test_errors_have_openais_shape(
    without_model: RunningServer, method: str, path: str, status: int, kind: str
) -> None:
    response = without_model.http.request(method, path)
    assert response.status_code == status
    error = response.json()["error"]
    assert error.keys() == {"message", "type", "param", "code"}
    assert error["type"] == kind
    assert response.headers["content-type"] == "application/json"


def test_the_gate_speaks_the_same_shape_here_and_its_own_elsewhere(
    without_model: RunningServer,
) -> None:
    headers = {"Host": "foreign.example.org"}
    here = without_model.http.get("/v1/models", headers=headers)
    assert (here.status_code, here.json()["error"]["code"]) == (400, "host_not_allowed")
    elsewhere = without_model.http.get("/api/v1/status", headers=headers)
    assert elsewhere.headers["content-type"] == "application/problem+json"
