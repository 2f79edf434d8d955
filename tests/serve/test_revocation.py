"""An answer that is being written ends when its reader may not have it any more."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

import httpx
import pytest

from serve.scripted.replies import Reply, quoting
from tests.conftest import ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

Json = dict[str, Any]

_numbers = count(1)

FACT = "The {word} keeper of {place} climbs 217 steps every evening."
TEXT = ('"type":"text"', '"delta":{"content":', '"delta": {"content":')
"""What says in a stream that the model writes."""


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm(endless) as running:
        yield running


GO_ON = "Go on for ever."


def endless(body: Json) -> Reply:
    last = str(body["messages"][-1])
    if "<src" not in last and GO_ON not in last:
        return quoting(body)
    return Reply("On and on. " * 2_000, token_seconds=0.02)


@pytest.fixture(scope="module")
def town(llm: ScriptedLlm, module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(LLM_URL=llm.url, LLM_STREAMS="4"))
    until(lambda: made.operator.get("/api/v1/status").json()["llm"]["writes"])
    yield made
    made.close()


class Scene:
    """A reader of a collection with two documents, of which the question names one."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.id: int = town.server.collection(name)["id"]
        word = f"w{next(_numbers)}x"
        self.question = FACT.format(word=word, place="a")
        texts = {"a.txt": self.question, "b.txt": FACT.format(word=f"{word}y", place="b")}
        files = {file: text.encode() for file, text in texts.items()}
        self.document, self.other = town.server.ingest(files, name)
        self.reader = town.person(name)
        self.person = town.id_of(self.reader)
        town.granted(self.id, self.reader, "reader")

    def body(self) -> Json:
        return {"question": self.question, "documents": [self.document]}

    def suspended(self) -> None:
        self.town.suspended(self.person)

    def signed_out(self) -> None:
        self.reader.post("/api/v1/auth/logout")

    def grant_taken_back(self) -> None:
        path = f"/api/v1/collections/{self.id}/grants"
        self.town.operator.delete(path, params={"person_id": self.person})

    def restricted(self) -> None:
        path = f"/api/v1/documents/{self.document}/readers"
        self.town.operator.put(path, json={"readers": []})

    def deleted(self) -> None:
        self.town.operator.delete(f"/api/v1/documents/{self.document}")


def lines_after(http: httpx.Client, path: str, body: Json, deed: Callable[[], None]) -> list[str]:
    """The data of a stream to its end, in whose course something is done."""
    data: list[str] = []
    done = False
    with http.stream("POST", path, json=body) as response:
        assert response.status_code == 200, response.read()
        for line in response.iter_lines():
            if line.startswith("data: "):
                data.append(line.removeprefix("data: "))
            if not done and any(sign in line for sign in TEXT):
                deed()
                done = True
    assert done
    return data


DEEDS: dict[str, Callable[[Scene], None]] = {
    "suspended": Scene.suspended,
    "signed out": Scene.signed_out,
    "grant taken back": Scene.grant_taken_back,
    "restricted": Scene.restricted,
    "deleted": Scene.deleted,
}


@pytest.mark.parametrize("deed", DEEDS)
def test_a_stream_ends_and_the_model_is_stopped(town: Town, llm: ScriptedLlm, deed: str) -> None:
    scene = Scene(town, f"stream {deed}")
    path = "/api/v1/chat"
    data = lines_after(scene.reader, path, scene.body(), lambda: DEEDS[deed](scene))
    events = [json.loads(each) for each in data]
    assert (events[-1]["type"], events[-1]["error"]["code"]) == ("failed", "access_revoked")
    until(lambda: llm.server.running == 0)


@pytest.mark.parametrize("deed", DEEDS)
def test_a_stream_of_the_openai_door_ends(town: Town, llm: ScriptedLlm, deed: str) -> None:
    scene = Scene(town, f"door-{deed.replace(' ', '-')}")
    message = {"role": "user", "content": scene.question}
    body = {"model": scene.name, "messages": [message], "stream": True}
    data = lines_after(scene.reader, "/v1/chat/completions", body, lambda: DEEDS[deed](scene))
    assert data[-1] == "[DONE]"
    assert json.loads(data[-2])["error"]["code"] == "access_revoked"
    until(lambda: llm.server.running == 0)


@pytest.mark.parametrize("deed", ["suspended", "signed out"])
def test_a_stream_of_the_model_without_documents_ends(
    town: Town, llm: ScriptedLlm, deed: str
) -> None:
    scene = Scene(town, f"plain-{deed.replace(' ', '-')}")
    message = {"role": "user", "content": GO_ON}
    body = {"model": "plain", "messages": [message], "stream": True}
    path = "/v1/chat/completions"
    data = lines_after(scene.reader, path, body, lambda: DEEDS[deed](scene))
    assert data[-1] == "[DONE]"
    assert json.loads(data[-2])["error"]["code"] == "access_revoked"
    until(lambda: llm.server.running == 0)
    asked = {"person_id": str(scene.person), "act": "answer.given"}
    [record] = town.operator.get("/api/v1/audit", params=asked).json()["items"]
    assert record["details"] == {"supplied": [], "quoted": [], "outcome": "access_revoked"}


def test_a_deleted_key_ends_its_streams(town: Town, llm: ScriptedLlm) -> None:
    scene = Scene(town, "key")
    http = town.key(scene.reader)
    [key] = scene.reader.get("/api/v1/keys").json()["items"]

    def end() -> None:
        scene.reader.delete(f"/api/v1/keys/{key['id']}")

    data = lines_after(http, "/api/v1/chat", scene.body(), end)
    assert json.loads(data[-1])["error"]["code"] == "access_revoked"
    until(lambda: llm.server.running == 0)


def test_a_silent_model_is_stopped_too(town: Town, llm: ScriptedLlm) -> None:
    scene = Scene(town, "silent")

    def silent(body: Json) -> Reply:
        reply = endless(body)
        return Reply("late", first_seconds=60.0) if reply.token_seconds else reply

    llm.server.script = silent
    try:
        with scene.reader.stream("POST", "/api/v1/chat", json=scene.body()) as response:
            last = ""
            for line in response.iter_lines():
                if '"retrieved"' in line:
                    until(lambda: llm.server.running == 1)
                    scene.suspended()
                last = line or last
    finally:
        llm.server.script = endless
    assert "access_revoked" in last
    until(lambda: llm.server.running == 0)


def test_the_turn_is_marked_interrupted(town: Town, llm: ScriptedLlm) -> None:
    scene = Scene(town, "turn")
    conversation = scene.reader.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{conversation}/turns"
    lines_after(scene.reader, path, scene.body(), scene.suspended)
    scene.town.suspended(scene.person, False)
    again = town.signed_in("turn")
    [turn] = again.get(f"/api/v1/conversations/{conversation}").json()["turns"]
    assert turn["state"] == "interrupted"


@pytest.mark.parametrize("door", ["mcp", "whole"])
def test_an_answer_that_is_not_streamed_is_refused(town: Town, llm: ScriptedLlm, door: str) -> None:
    scene = Scene(town, door)
    http = town.key(scene.reader)
    got: list[httpx.Response] = []

    def ask() -> None:
        if door == "whole":
            params = {"stream": "false"}
            got.append(http.post("/api/v1/chat", json=scene.body(), params=params))
            return
        arguments = {"question": scene.question, "collection": scene.name}
        call = {"name": "ask", "arguments": arguments}
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        accept = {"Accept": "application/json, text/event-stream"}
        got.append(http.post("/mcp", json=body, headers=accept))

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: llm.server.running == 1)
    scene.restricted()
    asking.join()
    until(lambda: llm.server.running == 0)
    if door == "whole":
        problem(got[0], 403, "access_revoked")
    else:
        assert "may not read on" in got[0].text


def test_what_goes_on_elsewhere_ends_no_stream(town: Town, llm: ScriptedLlm) -> None:
    scene = Scene(town, "elsewhere")
    llm.server.script = lambda body: (
        Reply("On and on. " * 40, token_seconds=0.02) if "<src" in str(body) else quoting(body)
    )

    def deed() -> None:
        town.operator.delete(f"/api/v1/documents/{scene.other}")
        town.suspended(town.invited("somebody else")["person"]["id"])

    try:
        data = lines_after(scene.reader, "/api/v1/chat", scene.body(), deed)
    finally:
        llm.server.script = endless
    assert json.loads(data[-1])["type"] == "done"


@pytest.mark.parametrize("deed", ["grant taken back", "restricted", "deleted"])
def test_a_question_that_waited_shows_nothing_that_was_taken_away_meanwhile(
    town: Town, llm: ScriptedLlm, deed: str
) -> None:
    scene = Scene(town, f"waited {deed}")
    conversation = scene.reader.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{conversation}/turns"
    llm.server.script = quoting
    try:
        scene.reader.post(path, json=scene.body(), params={"stream": "false"})
        # The next one is rewritten before anything is searched for.
        llm.server.script = lambda body: Reply("{}", first_seconds=1.5)
        with scene.reader.stream("POST", path, json=scene.body()) as response:
            until(lambda: llm.server.running == 1)
            DEEDS[deed](scene)
            text = response.read().decode()
    finally:
        llm.server.script = endless
    assert "access_revoked" in text
    assert "217 steps" not in text.replace(scene.question, "")


LARGE = b"%PDF-1.7\n" + b"%" * (24 << 20)
"""More than waits in sockets; that nothing can be read of it does not matter."""

ORIGINAL = "/api/v1/documents/{}/content"


@pytest.mark.parametrize(
    ("deed", "door"),
    [*((deed, ORIGINAL) for deed in DEEDS), ("restricted", "/v1/files/file-{}/content")],
)
def test_a_download_breaks_off(town: Town, deed: str, door: str) -> None:
    scene = Scene(town, f"download {deed} {door.split('/')[1]}")
    [item] = town.server.upload({"large.pdf": LARGE}, scene.name)
    scene.document = item["document_id"]
    with scene.reader.stream("GET", door.format(scene.document)) as response:
        assert response.status_code == 200, response.read()
        pieces = response.iter_raw()
        next(pieces)
        DEEDS[deed](scene)
        time.sleep(0.6)  # A reader is looked after twice a second.
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            for _ in pieces:
                pass
    assert "broken off: access_revoked" in town.server.log.read_text()
