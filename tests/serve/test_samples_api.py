"""Sample documents, limits of uploads, and the listing of documents in an order."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from serve.samples import SampleLanguage, samples_in
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.sample_documents import PDFS, TARGETS, WORDS, source


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    town = Town(module_server(WORKERS="1"))
    yield town
    town.close()


@pytest.mark.parametrize("language", ["en", "fr"])
def test_samples_answer_their_questions(town: Town, language: SampleLanguage) -> None:
    loaded = town.operator.post("/api/v1/samples", json={"language": language})
    assert loaded.status_code == 202, loaded.text
    told = loaded.json()
    assert [item["error"] for item in told["items"]] == [None] * 3
    for item in told["items"]:
        assert town.server.ended(item["job_id"])["stage"] == "ready"
    assert told["questions"] == list(samples_in(language).questions)
    for question in told["questions"]:
        body = {"question": question, "collections": [told["collection"]["id"]]}
        answer = town.operator.post("/api/v1/chat?stream=false", json=body).json()
        assert answer["citations"], question
    again = town.operator.post("/api/v1/samples", json={"language": language}).json()
    assert [item["duplicate"] for item in again["items"]] == [True] * 3
    assert again["collection"]["id"] == told["collection"]["id"]


def test_the_files_hold_the_words_of_their_sources(town: Town) -> None:
    town.operator.post("/api/v1/samples", json={"language": "en"})
    town.operator.post("/api/v1/samples", json={"language": "fr"})
    by_name = {each["name"]: each for each in _listed(town.server, limit=100)}
    for source_name, path in {**PDFS, **WORDS}.items():
        document = by_name[(TARGETS / path).name]
        town.server.ended(_job_of(town.server, document["id"]))
        text = town.operator.get(f"/api/v1/documents/{document['id']}/text").text
        words = " ".join(source(source_name)).replace("#", " ").split()
        assert text.split() == words, path


def test_samples_are_for_administrators_and_writers(town: Town) -> None:
    town.operator.post("/api/v1/samples", json={"language": "en"})
    person = town.person("Nina")
    problem(person.post("/api/v1/samples", json={"language": "en"}), 403, "not_allowed")
    problem(town.operator.post("/api/v1/samples", json={"language": "de"}), 422, "invalid_request")


def test_limits_are_those_of_the_settings(module_server: ServerFactory) -> None:
    server = module_server(MAX_UPLOAD_BYTES="5MiB", MAX_FILES_PER_UPLOAD="7", WORKERS="0")
    told = server.http.get("/api/v1/limits").json()
    assert (told["file_bytes"], told["files"]) == (5 << 20, 7)
    assert {".pdf", ".docx", ".md"} <= set(told["endings"])


@pytest.mark.parametrize(
    ("sort", "names"),
    [
        ("created", ["b.txt", "A.txt", "c.txt", "a/d.txt"]),
        ("name", ["A.txt", "a/d.txt", "b.txt", "c.txt"]),
        ("size", ["c.txt", "A.txt", "a/d.txt", "b.txt"]),
        ("pages", ["b.txt", "A.txt", "c.txt", "a/d.txt"]),
    ],
)
def test_documents_are_listed_in_an_order(town: Town, sort: str, names: list[str]) -> None:
    collection = f"order {sort}"
    town.server.collection(collection)
    files = {"b.txt": b"x" * 40, "A.txt": b"y" * 20, "c.txt": b"z" * 10, "a/d.txt": b"w" * 20}
    town.server.ingest(files, collection)
    for descending, wanted in ((False, names), (True, names[::-1])):
        for limit in (1, 3, 100):
            options = {"collection": collection, "sort": sort, "descending": descending}
            found = _listed(town.server, limit=limit, **options)
            assert [each["name"] for each in found] == wanted, (descending, limit)


def test_a_cursor_of_another_order_is_refused(town: Town) -> None:
    for cursor in ("x", "1e3", "W10", "WzEsMl0", "WyJhIiwieCJd", "-1", "9" * 400):
        refused = town.operator.get(f"/api/v1/documents?sort=name&cursor={cursor}")
        problem(refused, 422, "invalid_request")
        problem(town.operator.get("/api/v1/documents?cursor=abc"), 422, "invalid_request")


def test_states_can_be_asked_together(town: Town) -> None:
    town.server.collection("states")
    town.server.ingest({"fine.txt": b"fine"}, "states")
    bad = town.server.upload({"bad.pdf": b"%PDF-1.4 nothing"}, "states")
    assert town.server.ended(bad[0]["job_id"])["stage"] == "failed"
    query = {"collection": "states", "limit": 100}
    assert len(_listed(town.server, **query, state=["failed", "ready"])) == 2
    assert [e["name"] for e in _listed(town.server, **query, state=["failed"])] == ["bad.pdf"]
    assert _listed(town.server, **query, state=["queued", "parsing", "embedding"]) == []


def test_a_new_version_is_told_but_not_of_what_is_hidden(town: Town) -> None:
    made = town.server.collection("versions")
    [first] = town.server.ingest({"plan.txt": b"one"}, "versions")
    second = town.server.upload({"plan.txt": b"two", "other.txt": b"o"}, "versions")
    assert [each["new_version"] for each in second] == [True, False]
    for each in second:
        town.server.ended(each["job_id"])
    again = town.server.upload({"plan.txt": b"two"}, "versions")
    assert (again[0]["duplicate"], again[0]["new_version"]) == (True, False)
    assert second[0]["document_id"] != first
    path = f"/api/v1/documents/{second[0]['document_id']}"
    assert town.operator.put(f"{path}/readers", json={"readers": []}).status_code == 200
    assert town.operator.get(path).json()["restricted"] is True
    writer = town.person("Wim")
    town.granted(made["id"], writer, "writer")
    parts = [("file", ("plan.txt", b"three"))]
    sent = writer.post("/api/v1/documents", files=parts, data={"collection": "versions"})
    assert [each["new_version"] for each in sent.json()["items"]] == [False]


def _listed(server: RunningServer, **query: Any) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    cursor = ""
    while True:
        options = {**query, "cursor": cursor} if cursor else query
        told = server.http.get("/api/v1/documents", params=options).json()
        found += told["items"]
        cursor = told["next_cursor"]
        if not cursor:
            return found


def _job_of(server: RunningServer, document_id: int) -> int:
    jobs = server.http.get("/api/v1/jobs", params={"limit": 1000}).json()["items"]
    return next(int(job["id"]) for job in jobs if job["document_id"] == document_id)
