"""Conversations over a real server whose answers quote the documents' sentences."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from tests.fixtures.documents import write_pdf
from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import CloisterCommand, RunningServer, ServerFactory

PATH = "/api/v1/conversations"
LEASE = (
    b"The notice period of this lease is three months to the end of a quarter.\n"
    b"The rent of 950 euros is due on the third working day of each month."
)
NOTICE = "What is the notice period of the lease?"
QUOTE = "The notice period of this lease is three months to the end of a quarter."

Json = dict[str, Any]


@pytest.fixture(scope="module")
def site(shared_server: RunningServer) -> RunningServer:
    shared_server.ingest({"lease.txt": LEASE})
    return shared_server


def begun(site: RunningServer, title: str | None = None) -> int:
    response = site.http.post(PATH, json={"title": title} if title else {})
    assert response.status_code == 201, response.text
    return int(response.json()["id"])


def ask(site: RunningServer, conversation: int, question: str = NOTICE, **more: Any) -> Json:
    body = {"question": question} | more
    return answer(site, f"{PATH}/{conversation}/turns", body)


def answer(site: RunningServer, path: str, body: Json | None = None) -> Json:
    response = site.http.post(path, json=body, params={"stream": "false"})
    assert response.status_code == 200, response.text
    given: Json = response.json()
    return given


def shown(site: RunningServer, conversation: int) -> Json:
    response = site.http.get(f"{PATH}/{conversation}")
    assert response.status_code == 200, response.text
    found: Json = response.json()
    return found


def test_an_answer_is_streamed_and_then_there(site: RunningServer) -> None:
    conversation = begun(site)
    body = {"question": NOTICE}
    with site.http.stream("POST", f"{PATH}/{conversation}/turns", json=body) as response:
        assert response.headers["Content-Type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line.removeprefix("data: ")) for line in lines]
    started, retrieved, *_, done = events
    assert (started["type"], started["conversation_id"]) == ("started", conversation)
    assert (retrieved["type"], done["type"]) == ("retrieved", "done")
    found = shown(site, conversation)
    assert found["title"] == NOTICE
    (turn,) = found["turns"]
    assert (turn["id"], turn["state"], turn["siblings"]) == (
        started["turn_id"],
        "complete",
        [started["turn_id"]],
    )
    told = "".join(event["delta"] for event in events if event["type"] == "text")
    assert turn["answer"] == told
    cited = [event["citation"] for event in events if event["type"] == "cited"]
    assert turn["citations"] == [each | {"available": True} for each in cited]
    assert not turn["withheld"]


def test_a_conversation_branches(site: RunningServer) -> None:
    conversation = begun(site)
    first = ask(site, conversation)["turn_id"]
    second = ask(site, conversation, "And the rent?")["turn_id"]
    again = answer(site, f"/api/v1/turns/{first}/regenerate")
    assert again["answer"].startswith(QUOTE)
    edited = answer(site, f"/api/v1/turns/{first}/edit", {"question": "How much is the rent?"})
    assert "950 euros" in edited["answer"]
    found = shown(site, conversation)
    (turn,) = found["turns"]
    assert turn["siblings"] == [first, again["turn_id"], edited["turn_id"]]
    assert turn["question"] == "How much is the rent?"
    switched = site.http.patch(f"{PATH}/{conversation}", json={"leaf_id": first}).json()
    assert [each["id"] for each in switched["turns"]] == [first, second]
    after = ask(site, conversation, "And then?", parent_id=first)["turn_id"]
    assert [each["id"] for each in shown(site, conversation)["turns"]] == [first, after]


def test_what_was_asked_is_asked_again(site: RunningServer) -> None:
    own = site.collection("own lease")
    site.ingest({"own.txt": b"The notice period of the boat is nine weeks."}, "own lease")
    conversation = begun(site)
    turn = ask(site, conversation, "What is the notice period?", collections=["own lease"], k=3)
    assert shown(site, conversation)["turns"][0]["asked"] == {
        "collections": [own["id"]],
        "documents": [],
        "k": 3,
        "language": "",
    }
    again = answer(site, f"/api/v1/turns/{turn['turn_id']}/regenerate", {"trace": True})
    assert "nine weeks" in again["answer"]
    assert again["trace"]["llm"] == "extractive"
    site.http.delete(f"/api/v1/collections/{own['id']}")
    gone = site.http.post(f"/api/v1/turns/{turn['turn_id']}/regenerate")
    assert (gone.status_code, gone.json()["code"]) == (404, "not_found")


def test_a_number_is_one_passage_whatever_collections_are_asked(site: RunningServer) -> None:
    site.collection("ferry")
    site.ingest({"ferry.txt": b"The notice period of the ferry is two days."}, "ferry")
    site.ingest({"crew.txt": b"The notice period of the crew is six weeks."}, "ferry")
    conversation = begun(site)
    turns = [
        ask(site, conversation, question, **more)["turn_id"]
        for question, more in (
            (NOTICE, {}),
            ("What is the notice period of the ferry?", {"collections": ["ferry"]}),
            ("What is the notice period of lease, ferry and crew?", {}),
        )
    ]
    traces = [site.http.get(f"/api/v1/turns/{turn}/trace").json() for turn in turns]
    meanings = {(each["n"], each["chunk_id"]) for trace in traces for each in trace["sources"]}
    assert len(meanings) == len({n for n, _ in meanings})
    assert [turn["state"] for turn in shown(site, conversation)["turns"]] == ["complete"] * 3


def test_titles_and_search(site: RunningServer) -> None:
    first, second = begun(site, "Élagage des œillets"), begun(site)
    ask(site, second, "Où est l'échéancier ?")

    def ids(words: str) -> list[int]:
        items = site.http.get(PATH, params={"q": words}).json()["items"]
        return [item["id"] for item in items]

    assert ids("elagage OEILLETS") == [first]
    assert ids("ECHEANCIER") == [second]
    assert ids("elagage echeancier") == []
    renamed = site.http.patch(f"{PATH}/{second}", json={"title": "  Neuf  "}).json()
    assert (renamed["title"], renamed["titled_by_person"]) == ("Neuf", True)
    assert ids("neuf") == [second]


def test_the_list_is_paged_from_the_last_changed(site: RunningServer) -> None:
    made = [begun(site, f"Page {number}") for number in range(3)]
    listed: list[int] = []
    cursor: str | None = ""
    while cursor is not None:
        params: Json = {"q": "page", "limit": 2, "cursor": cursor}
        page = site.http.get(PATH, params=params).json()
        listed += [item["id"] for item in page["items"]]
        cursor = page["next_cursor"]
    assert listed == made[::-1]
    for bad in ("7", "x_1", "1_", "1_99999999999999999999"):
        assert site.http.get(PATH, params={"cursor": bad}).status_code == 422


def test_feedback_and_the_question_set_of_it(site: RunningServer) -> None:
    conversation = begun(site)
    turn = ask(site, conversation)["turn_id"]
    path = f"/api/v1/turns/{turn}/feedback"
    judged = site.http.put(path, json={"value": "up", "comment": " fine "}).json()
    assert judged["feedback"] == {"value": "up", "reason": None, "comment": "fine"}
    lines = site.http.get("/api/v1/feedback/questions").text.splitlines()
    assert {
        "question": NOTICE,
        "document": "lease.txt",
        "quote": QUOTE,
        "answerable": True,
    } in map(json.loads, lines)
    bad = {"value": "down", "reason": "wrong_source"}
    assert site.http.put(path, json=bad).json()["feedback"]["reason"] == "wrong_source"
    assert site.http.put(path, json={"value": None}).json()["feedback"] is None
    assert site.http.get("/api/v1/feedback/questions").text == ""
    for wrong in ({"value": "up", "reason": "other"}, {"value": "so"}, {}, {"value": "up", "x": 1}):
        assert site.http.put(path, json=wrong).status_code == 422


def test_how_an_answer_came_about(site: RunningServer) -> None:
    turn = ask(site, begun(site))["turn_id"]
    trace = site.http.get(f"/api/v1/turns/{turn}/trace").json()
    assert (trace["llm"], trace["queries"]) == ("extractive", [NOTICE])
    assert trace["sources"][0]["document_name"] == "lease.txt"
    assert trace["quotes"][0] == {"source": 1, "text": QUOTE, "verdict": "exact"}
    assert trace["written"] == f'{QUOTE} <q s="1">{QUOTE}</q>'
    assert trace["report"] is None
    assert trace["seconds"] >= trace["retrieved_seconds"] > 0


def test_exports(site: RunningServer) -> None:
    conversation = begun(site, "Bail à céder")
    first = ask(site, conversation)["turn_id"]
    answer(site, f"/api/v1/turns/{first}/regenerate")
    markdown = site.http.get(f"{PATH}/{conversation}/export")
    assert markdown.headers["Content-Type"] == "text/markdown; charset=utf-8"
    disposition = markdown.headers["Content-Disposition"]
    assert disposition.endswith("filename*=UTF-8''Bail%20%C3%A0%20c%C3%A9der.md")
    assert markdown.text.count("## Question") == 1
    assert f"[^1]: **lease.txt**: “{QUOTE}”" in markdown.text
    whole = site.http.get(f"{PATH}/{conversation}/export", params={"format": "json"})
    assert [turn["question"] for turn in whole.json()["turns"]] == [NOTICE] * 2
    other = site.http.get(f"{PATH}/{conversation}/export", params={"format": "pdf"})
    assert other.status_code == 422


def test_a_deleted_document_is_withheld_everywhere(site: RunningServer) -> None:
    canary = "The zyxwcanary sings at dawn above the quarry."
    (document,) = site.ingest({"canary.txt": canary.encode()})
    conversation = begun(site)
    turn = ask(site, conversation, "When does the zyxwcanary sing?", documents=[document])
    assert canary in turn["answer"]
    site.http.put(f"/api/v1/turns/{turn['turn_id']}/feedback", json={"value": "up"})
    found = site.http.get(PATH, params={"q": "quarry dawn"}).json()["items"]
    assert [item["id"] for item in found] == [conversation]
    assert site.http.delete(f"/api/v1/documents/{document}").status_code == 204
    (kept,) = shown(site, conversation)["turns"]
    assert kept["citations"] == [{"n": 1, "available": False}]
    assert (kept["answer"], kept["withheld"]) == ("[…] [1]", True)
    told = [
        site.http.get(f"{PATH}/{conversation}").text,
        site.http.get(f"{PATH}/{conversation}/export").text,
        site.http.get(f"{PATH}/{conversation}/export", params={"format": "json"}).text,
        site.http.get(f"/api/v1/turns/{turn['turn_id']}/trace").text,
        site.http.get("/api/v1/feedback/questions").text,
    ]
    assert not any("quarry" in text or "canary.txt" in text for text in told)
    assert site.http.get(PATH, params={"q": "quarry"}).json()["items"] == []
    gone = site.http.post(f"/api/v1/turns/{turn['turn_id']}/regenerate")
    assert gone.status_code == 404
    site.http.delete(f"{PATH}/{conversation}")
    # Emptying the log may be put off while somebody reads.
    until(
        lambda: not any(b"quarry" in path.read_bytes() for path in site.data.glob("cloister.db*"))
    )


def test_deleted_is_gone(site: RunningServer) -> None:
    conversation = begun(site)
    turn = ask(site, conversation)["turn_id"]
    assert site.http.delete(f"{PATH}/{conversation}").status_code == 204
    deleted = replies(site, conversation, turn)
    never = replies(site, 999_999, 888_888)
    assert set(deleted) == {404}
    assert list(deleted.values()) == [
        text.replace("999999", str(conversation)).replace("888888", str(turn))
        for text in never.values()
    ]


def replies(site: RunningServer, conversation: int, turn: int) -> dict[int, str]:
    asked = {"question": "Anything?"}
    sent: list[tuple[str, str, Json | None]] = [
        ("GET", f"{PATH}/{conversation}", None),
        ("PATCH", f"{PATH}/{conversation}", {"title": "x"}),
        ("DELETE", f"{PATH}/{conversation}", None),
        ("GET", f"{PATH}/{conversation}/export", None),
        ("POST", f"{PATH}/{conversation}/turns", asked),
        ("POST", f"/api/v1/turns/{turn}/regenerate", None),
        ("POST", f"/api/v1/turns/{turn}/edit", asked),
        ("PUT", f"/api/v1/turns/{turn}/feedback", {"value": "up"}),
        ("GET", f"/api/v1/turns/{turn}/trace", None),
    ]
    told: dict[int, str] = {}
    for method, path, body in sent:
        response = site.http.request(method, path, json=body)
        problem = response.json()
        assert problem["code"] == "not_found", path
        told[response.status_code] = told.get(response.status_code, "") + problem["detail"]
    return told


@pytest.mark.parametrize(
    "body",
    [
        {}, {"question": ""}, {"question": "a\0b"}, {"question": "x" * 4_001},
        {"question": "q", "parent_id": 0}, {"question": "q", "parent_id": "x"},
        {"question": "q", "conversation_id": 1}, {"question": "q", "k": 0},
    ],
)  # fmt: skip
def test_questions_that_cannot_be(site: RunningServer, body: Json) -> None:
    conversation = begun(site)
    response = site.http.post(f"{PATH}/{conversation}/turns", json=body)
    assert (response.status_code, response.json()["code"]) == (422, "invalid_request")
    assert shown(site, conversation)["turns"] == []


def test_a_turn_of_another_conversation_is_not_there(site: RunningServer) -> None:
    one, other = begun(site), begun(site)
    turn = ask(site, one)["turn_id"]
    body = {"question": "And?", "parent_id": turn}
    response = site.http.post(f"{PATH}/{other}/turns", json=body)
    assert (response.status_code, response.json()["detail"]) == (404, f"No turn {turn}.")
    response = site.http.patch(f"{PATH}/{other}", json={"leaf_id": turn})
    assert response.status_code == 404


def test_highlights_are_the_same_after_a_restart(server: ServerFactory, tmp_path: Path) -> None:
    write_pdf(tmp_path / "house.pdf")
    running = server(tmp_path / "data")
    running.ingest({"house.pdf": (tmp_path / "house.pdf").read_bytes()})
    conversation = begun(running)
    ask(running, conversation, "Who laid out the garden of the cloister?")
    before = shown(running, conversation)
    assert before["turns"][0]["citations"][0]["rects"]
    running.stop()
    again = server(tmp_path / "data")
    assert shown(again, conversation) == before
    follow_up = ask(again, conversation, "And the library?")
    assert follow_up["answer"]


def test_the_command_line_reads_them(
    cloister: CloisterCommand, server: ServerFactory, tmp_path: Path
) -> None:
    running = server(tmp_path / "data")
    running.ingest({"lease.txt": LEASE})
    conversation = begun(running)
    turn = ask(running, conversation)["turn_id"]
    running.http.put(f"/api/v1/turns/{turn}/feedback", json={"value": "up"})
    listed = cloister("conversations", "list", "--find", "NOTICE")
    assert NOTICE in listed.out
    exported = cloister("conversations", "export", str(conversation))
    assert exported.out.startswith("# What is the notice period")
    out = tmp_path / "out.json"
    assert (
        cloister("conversations", "export", str(conversation), "--json", "--out", str(out)).code
        == 0
    )
    assert json.loads(out.read_text())["turns"][0]["question"] == NOTICE
    questions = tmp_path / "judged.jsonl"
    told = cloister("eval", "feedback", str(questions))
    assert "1 question" in told.out
    running.stop()
    measured = cloister("eval", "run", str(questions), "--json")
    assert json.loads(measured.out)["questions"] == 1
    assert cloister("conversations", "rm", str(conversation), "--yes").code == 0
    missing = cloister("conversations", "export", str(conversation))
    assert (missing.code, missing.out) == (1, "")


def test_a_refused_origin_changes_nothing(site: RunningServer) -> None:
    headers = {"Origin": "https://elsewhere.example"}
    response = httpx.post(
        f"{site.url}{PATH}", json={}, headers=headers, trust_env=False, timeout=60
    )
    assert response.status_code == 403
