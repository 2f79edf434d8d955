from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

LIGHTHOUSE = (
    b"The lighthouse keeper climbs 217 steps every evening. "
    b"The lamp was made in Paris by Barbier. Its light reaches 21 miles."
)
BRIDGE = (
    "Le pont suspendu mesure 152 mètres de long. Il fut inauguré en 1847 par le préfet.".encode()
)


@pytest.fixture(scope="module")
def library(shared_server: RunningServer) -> RunningServer:
    shared_server.collection("english")
    shared_server.collection("french")
    shared_server.collection("empty")
    shared_server.ingest({"lighthouse.txt": LIGHTHOUSE}, "english")
    shared_server.ingest({"pont.txt": BRIDGE}, "french")
    return shared_server


def search(server: RunningServer, query: str, **more: Any) -> list[dict[str, Any]]:
    response = server.http.post("/api/v1/search", json={"query": query} | more)
    assert response.status_code == 200, response.text
    items: list[dict[str, Any]] = response.json()["items"]
    return items


def test_a_hit_says_where_it_stands(library: RunningServer) -> None:
    hit = search(library, "How many steps does the lighthouse keeper climb?")[0]
    assert hit["document_name"] == "lighthouse.txt"
    assert (hit["dense_rank"], hit["lexical_rank"], hit["page"]) == (1, 1, 1)
    assert hit["paged"] is False
    path = f"/api/v1/documents/{hit['document_id']}/pages/{hit['page']}"
    page = library.http.get(path).json()
    assert page["text"][hit["span"]["start"] : hit["span"]["end"]] == hit["quote"]


def test_a_search_stays_inside_its_scope(library: RunningServer) -> None:
    hits = search(library, "lighthouse", collections=["french"])
    assert [hit["document_name"] for hit in hits] == ["pont.txt"]
    assert search(library, "lighthouse", collections=["empty"]) == []
    document_id = search(library, "lighthouse")[0]["document_id"]
    hits = search(library, "pont suspendu", documents=[document_id])
    assert [hit["document_id"] for hit in hits] == [document_id]
    both = search(library, "152", collections=["french"], documents=[document_id])
    assert len(both) == 2


def test_k(library: RunningServer) -> None:
    assert len(search(library, "the", k=1)) == 1
    assert len(search(library, "the", k=100)) == 2


@pytest.mark.parametrize(
    "scope", [{"collections": ["nowhere"]}, {"collections": [999]}, {"documents": [999_999]}]
)
def test_an_unknown_part_of_the_scope(library: RunningServer, scope: dict[str, Any]) -> None:
    for path, body in (("search", {"query": "x"}), ("chat", {"question": "x"})):
        response = library.http.post(f"/api/v1/{path}", json=body | scope)
        assert (response.status_code, response.json()["code"]) == (404, "not_found")


@pytest.mark.parametrize("path", ["search", "chat"])
@pytest.mark.parametrize(
    "more",
    [
        {"words": ""}, {"words": " \n "}, {"words": "x" * 4_001}, {"words": 5}, {"words": "a\0b"},
        {"k": 0}, {"k": 101}, {"k": "many"}, {"collections": "english"}, {"collections": [""]},
        {"collections": ["x"] * 1_001}, {"documents": [0]}, {"documents": [2**63]}, {"filter": "1"},
        {"collections": [None]}, {"documents": ["1; drop table documents"]},
    ],
)  # fmt: skip
def test_wrong_questions_are_refused(
    library: RunningServer, path: str, more: dict[str, Any]
) -> None:
    name = {"search": "query", "chat": "question"}[path]
    body = {name: more.get("words", "right")} | {k: v for k, v in more.items() if k != "words"}
    response = library.http.post(f"/api/v1/{path}", json=body)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"].startswith("body.")


def test_half_a_surrogate_pair_is_refused(library: RunningServer) -> None:
    for path, name in (("search", "query"), ("chat", "question")):
        response = library.http.post(
            f"/api/v1/{path}",
            content=b'{"' + name.encode() + b'": "half \\ud800 a pair"}',
            headers={"Content-Type": "application/json"},
        )
        assert response.status_code == 422, response.text


def test_odd_questions_are_answered(library: RunningServer) -> None:
    for query in ("x" * 4_000, "'; DROP TABLE documents; --", "AND OR NOT ( ) * : ^ ~", "🗼" * 900):
        assert isinstance(search(library, query), list)


def test_an_answer_as_a_stream(library: RunningServer) -> None:
    question = {"question": "Who made the lamp of the lighthouse?", "collections": ["english"]}
    with library.http.stream("POST", "/api/v1/chat", json=question) as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        lines = [line for line in response.iter_lines() if line.startswith("data: ")]
    events = [json.loads(line[6:]) for line in lines]
    assert [event["type"] for event in events[:2]] == ["started", "retrieved"]
    assert events[-1]["type"] == "done"
    assert not events[-1]["abstained"]
    text = "".join(event["delta"] for event in events if event["type"] == "text")
    citations = [event["citation"] for event in events if event["type"] == "cited"]
    assert "Barbier" in text
    assert "[1]" in text
    assert citations[0]["quote"] in LIGHTHOUSE.decode()


def test_an_answer_as_a_whole(library: RunningServer) -> None:
    question = {"question": "En quelle année le pont suspendu fut-il inauguré ?"}
    answer = library.http.post("/api/v1/chat", params={"stream": "false"}, json=question).json()
    assert "1847" in answer["answer"]
    assert not answer["abstained"]
    citation = answer["citations"][0]
    assert citation["quote"] in BRIDGE.decode()
    assert answer["hits"][0]["document_id"] == citation["document_id"]
    original = library.http.get(citation["url"].split("#")[0])
    assert original.content == BRIDGE


def test_what_the_documents_do_not_hold(library: RunningServer) -> None:
    question = {"question": "What does the zookeeper feed to the giraffes at noon?"}
    answer = library.http.post("/api/v1/chat", params={"stream": "false"}, json=question).json()
    assert answer["abstained"]
    assert answer["citations"] == []
    assert answer["answer"]


def test_no_documents_at_all(library: RunningServer) -> None:
    question = {"question": "Is anything here?", "collections": ["empty"]}
    answer = library.http.post("/api/v1/chat", params={"stream": "false"}, json=question).json()
    assert answer["abstained"]
    assert answer["hits"] == []


def test_what_is_deleted_is_not_found_by_the_very_next_search(library: RunningServer) -> None:
    (document_id,) = library.ingest({"owl.txt": b"The barn owl hunts at dusk."})
    assert search(library, "barn owl", documents=[document_id])
    library.http.delete(f"/api/v1/documents/{document_id}")
    assert document_id not in {hit["document_id"] for hit in search(library, "barn owl", k=100)}


def test_what_cannot_be_embedded_yet_is_told(server: ServerFactory) -> None:
    running = server(EMBEDDER="a-model", EMBEDDER_URL="http://127.0.0.1:9/v1", WORKERS="0")
    ready = running.http.get("/readyz")
    assert (ready.status_code, ready.json()["code"]) == (503, "not_ready")
    assert ready.headers["retry-after"]
    assert running.http.get("/healthz").status_code == 200
    assert running.http.get("/api/v1/documents").status_code == 200
