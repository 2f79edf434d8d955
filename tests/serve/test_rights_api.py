"""What people see and may change on a real server, by what was granted to them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.fixtures.people import Town, problem

CANARY = "zanzibarium"
SECRET = "quokkadromia"


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


class Office:
    """A collection with an open document and a restricted one, and people with each role."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.id: int = town.server.collection("office")["id"]
        self.open, self.closed = town.server.ingest(
            {
                "open.txt": f"The {CANARY} festival begins in June.".encode(),
                "closed.txt": f"The {SECRET} budget is nine thousand euros.".encode(),
            },
            "office",
        )
        self.reader = town.person("Rea")
        self.writer = town.person("Wil")
        self.manager = town.person("Mia")
        self.named = town.person("Nia")
        self.stranger = town.person("Sid")
        self.administrator = town.person("Adm", administrator=True)
        for person, role in (
            (self.reader, "reader"),
            (self.writer, "writer"),
            (self.manager, "manager"),
            (self.named, "reader"),
        ):
            town.granted(self.id, person, role)
        self.restrict({"person": "Nia"})

    def restrict(self, *holders: dict[str, Any]) -> None:
        body = {"readers": list(holders)}
        done = self.town.operator.put(f"/api/v1/documents/{self.closed}/readers", json=body)
        assert done.status_code == 200, done.text

    def sees(self, person: httpx.Client) -> set[int]:
        """The documents of the office that somebody sees, the same by every way there is."""
        listed = {each["id"] for each in person.get("/api/v1/documents").json()["items"]}
        jobs = {each["document_id"] for each in person.get("/api/v1/jobs").json()["items"]}
        one_by_one = {
            each
            for each in (self.open, self.closed)
            if person.get(f"/api/v1/documents/{each}").status_code == 200
        }
        hits = person.post("/api/v1/search", json={"query": f"{CANARY} {SECRET}", "k": 50})
        found = {each["document_id"] for each in hits.json()["items"]}
        ours = {self.open, self.closed}
        assert listed & ours == jobs & ours == one_by_one == found & ours
        counted = sum(person.get("/api/v1/status").json()["documents"].values())
        assert counted == len(listed)
        return one_by_one


@pytest.fixture(scope="module")
def office(town: Town) -> Office:
    return Office(town)


def test_each_sees_what_is_granted(office: Office) -> None:
    both = {office.open, office.closed}
    assert office.sees(office.reader) == {office.open}
    assert office.sees(office.writer) == {office.open}
    assert office.sees(office.named) == both
    assert office.sees(office.manager) == both
    assert office.sees(office.town.operator) == both
    assert office.sees(office.stranger) == set()
    assert office.sees(office.administrator) == set()


def test_the_count_of_a_collection_is_of_what_one_sees(office: Office) -> None:
    def shown(person: httpx.Client) -> list[tuple[str, int, str | None]]:
        items = person.get("/api/v1/collections").json()["items"]
        return [
            (each["name"], each["document_count"], each["role"])
            for each in items
            if each["name"] == "office"
        ]

    assert shown(office.reader) == [("office", 1, "reader")]
    assert shown(office.manager) == [("office", 2, "manager")]
    assert shown(office.administrator) == [("office", 0, None)]
    assert shown(office.stranger) == []


@pytest.mark.parametrize("path", ["/api/v1/chat?stream=false", "/api/v1/search"])
def test_a_foreign_collection_or_document_is_as_good_as_none(office: Office, path: str) -> None:
    kind = "question" if "chat" in path else "query"
    for asked, missing in (
        ({"collections": ["office"]}, {"collections": ["no such"]}),
        ({"collections": [office.id]}, {"collections": [987654]}),
        ({"documents": [office.open]}, {"documents": [987654]}),
    ):
        body = {kind: CANARY}
        foreign = problem(office.stranger.post(path, json=body | asked), 404, "not_found")
        nothing = problem(office.stranger.post(path, json=body | missing), 404, "not_found")
        assert set(foreign) == set(nothing)
    closed = {kind: SECRET, "documents": [office.closed]}
    problem(office.reader.post(path, json=closed), 404, "not_found")


def test_answers_quote_only_what_one_sees(office: Office) -> None:
    def answer(person: httpx.Client) -> str:
        body = {"question": f"What is the {SECRET} budget?", "trace": True}
        return person.post("/api/v1/chat?stream=false", json=body).text

    assert "nine thousand" in answer(office.named)
    for person in (office.reader, office.stranger, office.administrator):
        assert "nine thousand" not in answer(person)


def test_writers_write_and_readers_read(office: Office) -> None:
    def upload(person: httpx.Client, collection: str = "office") -> httpx.Response:
        files = [("file", ("new.txt", b"something new"))]
        return person.post("/api/v1/documents", files=files, data={"collection": collection})

    # Who writes nowhere is told the same of every collection, before any of the file is read.
    for person in (office.stranger, office.reader, office.administrator):
        foreign = problem(upload(person), 403, "not_allowed")
        nothing = problem(upload(person, "no such"), 403, "not_allowed")
        assert foreign["detail"] == nothing["detail"]
    sent = upload(office.writer)
    assert sent.status_code == 202
    (item,) = sent.json()["items"]
    office.town.server.ended(item["job_id"])
    path = f"/api/v1/documents/{item['document_id']}"
    for way in ("", "/retry"):
        method = "POST" if way else "DELETE"
        problem(office.stranger.request(method, path + way), 404, "not_found")
        problem(office.reader.request(method, path + way), 403, "not_allowed")
    for way in ("cancel", "retry"):
        job = f"/api/v1/jobs/{item['job_id']}/{way}"
        problem(office.stranger.post(job), 404, "not_found")
        problem(office.reader.post(job), 403, "not_allowed")
    assert office.writer.delete(path).status_code == 204
    problem(office.writer.delete(f"/api/v1/documents/{office.closed}"), 404, "not_found")


def test_a_new_version_stays_closed_to_whom_the_old_one_was(office: Office) -> None:
    office.town.server.ingest({"plan.txt": b"The first plan."}, "office")
    [plan] = [
        each["id"]
        for each in office.manager.get("/api/v1/documents").json()["items"]
        if each["name"] == "plan.txt"
    ]
    body = {"readers": [{"person": "Nia"}]}
    assert office.manager.put(f"/api/v1/documents/{plan}/readers", json=body).status_code == 200
    [newer] = office.town.server.ingest({"plan.txt": b"The second plan."}, "office")
    problem(office.reader.get(f"/api/v1/documents/{newer}"), 404, "not_found")
    assert office.named.get(f"/api/v1/documents/{newer}").status_code == 200
    assert office.manager.delete(f"/api/v1/documents/{newer}").status_code == 204


def test_who_may_grant(office: Office) -> None:
    path = f"/api/v1/collections/{office.id}/grants"
    body = {"person": "Sid", "role": "reader"}
    for person in (office.stranger,):
        problem(person.put(path, json=body), 404, "not_found")
        problem(person.get(path), 404, "not_found")
    for person in (office.reader, office.writer):
        problem(person.put(path, json=body), 403, "not_allowed")
        problem(person.get(path), 403, "not_allowed")
    for person in (office.manager, office.administrator):
        assert person.put(path, json=body).status_code == 200
        assert office.sees(office.stranger) == {office.open}
        sid = office.town.id_of(office.stranger)
        assert person.delete(path, params={"person_id": sid}).status_code == 204
        assert office.sees(office.stranger) == set()
    problem(office.manager.put(path, json=body | {"group": "x"}), 422, "invalid_request")
    problem(office.manager.put(path, json={"role": "reader"}), 422, "invalid_request")
    problem(office.manager.put(path, json=body | {"person": "nobody"}), 404, "not_found")
    problem(office.manager.put(path, json=body | {"role": "owner"}), 422, "invalid_request")


def test_groups_carry_grants_and_readers(office: Office) -> None:
    town = office.town
    guest = town.person("Gus")
    group = office.administrator.post("/api/v1/groups", json={"name": "guests"}).json()["id"]
    path = f"/api/v1/collections/{office.id}/grants"
    assert office.manager.put(path, json={"group": "guests", "role": "reader"}).status_code == 200
    assert office.sees(guest) == set()
    members = {"people": [town.id_of(guest)]}
    told = office.administrator.put(f"/api/v1/groups/{group}/members", json=members).json()
    assert [each["name"] for each in told["members"]] == ["Gus"]
    assert office.sees(guest) == {office.open}
    office.restrict({"person": "Nia"}, {"group": "guests"})
    assert office.sees(guest) == {office.open, office.closed}
    assert office.administrator.delete(f"/api/v1/groups/{group}").status_code == 204
    assert office.sees(guest) == set()
    office.restrict()
    assert office.sees(office.named) == {office.open}
    office.restrict({"person": "Nia"})


def test_managers_learn_who_sees_their_collection_and_nobody_else(office: Office) -> None:
    town = office.town
    path = f"/api/v1/collections/{office.id}/audience"
    hidden = town.person("Élodie")
    group = town.operator.post("/api/v1/groups", json={"name": "The élite"}).json()["id"]
    members = {"people": [town.id_of(hidden)]}
    town.operator.put(f"/api/v1/groups/{group}/members", json=members)

    def names(**query: Any) -> list[str]:
        found = office.manager.get(path, params=query)
        assert found.status_code == 200, found.text
        return [each["name"] for each in found.json()["items"]]

    assert names() == ["Mia", "Nia", "Rea", "Wil"]
    grant = {"group": group, "role": "reader"}
    town.operator.put(f"/api/v1/collections/{office.id}/grants", json=grant)
    assert names(q="elI") == ["The élite"]
    assert names(q="el") == ["The élite", "Élodie"]
    assert "Sid" not in names(limit=100)
    assert office.manager.get(path, params={"limit": 2}).json()["more"]
    town.suspended(town.id_of(hidden))
    assert names(q="ELO") == []
    for person, status in ((office.reader, 403), (office.writer, 403), (office.stranger, 404)):
        assert person.get(path, params={"q": "M"}).status_code == status
    assert town.operator.delete(f"/api/v1/groups/{group}").status_code == 204


def test_the_last_reader_leaves_a_document_closed(office: Office) -> None:
    town = office.town
    town.person("Tim")
    [person] = [
        each["id"]
        for each in town.operator.get("/api/v1/people").json()["items"]
        if each["name"] == "Tim"
    ]
    office.restrict({"person": "Tim"})
    assert town.operator.delete(f"/api/v1/people/{person}").status_code == 204
    assert office.sees(office.reader) == {office.open}
    office.restrict({"person": "Nia"})


def test_only_managers_say_who_reads_a_document(office: Office) -> None:
    for document, person, status in (
        (office.open, office.reader, 403),
        (office.open, office.writer, 403),
        (office.closed, office.reader, 404),
        (office.open, office.stranger, 404),
        (office.open, office.administrator, 404),
        (office.open, office.manager, 200),
    ):
        path = f"/api/v1/documents/{document}/readers"
        assert person.get(path).status_code == status
        assert person.put(path, json={"readers": None}).status_code == status


def test_collections_are_made_and_renamed_by_administrators(office: Office) -> None:
    for person in (office.manager, office.stranger):
        made = person.post("/api/v1/collections", json={"name": "own"})
        problem(made, 403, "not_allowed")
    path = f"/api/v1/collections/{office.id}"
    problem(office.manager.patch(path, json={"name": "default"}), 403, "not_allowed")
    problem(office.reader.patch(path, json={"model": "x"}), 403, "not_allowed")
    problem(office.reader.delete(path), 403, "not_allowed")
    problem(office.stranger.patch(path, json={"model": "x"}), 404, "not_found")
    problem(office.stranger.delete(path), 404, "not_found")
    assert office.manager.patch(path, json={"model": ""}).status_code == 200
    made = office.administrator.post("/api/v1/collections", json={"name": "own"})
    assert made.json()["role"] == "manager"
    gone = office.administrator.delete(f"/api/v1/collections/{made.json()['id']}")
    assert gone.status_code == 204


def test_only_administrators_manage_people(office: Office) -> None:
    for method, path, body in (
        ("GET", "people", None),
        ("POST", "people", {"name": "New"}),
        ("GET", "groups", None),
        ("POST", "groups", {"name": "new"}),
    ):
        refused = office.manager.request(method, f"/api/v1/{path}", json=body)
        problem(refused, 403, "not_allowed")
    own = office.town.id_of(office.manager)
    raised = office.manager.patch(f"/api/v1/people/{own}", json={"is_administrator": True})
    problem(raised, 403, "not_allowed")


def test_somebody_must_remain_who_lets_others_in(server: ServerFactory) -> None:
    own = Town(server(WORKERS="0"))
    only = own.id_of(own.person("Ada", administrator=True))
    for body in ({"suspended": True}, {"is_administrator": False}):
        refused = own.operator.patch(f"/api/v1/people/{only}", json=body)
        problem(refused, 409, "last_administrator")
    problem(own.operator.delete(f"/api/v1/people/{only}"), 409, "last_administrator")
    own.person("Bea", administrator=True)
    own.suspended(only)
    taken = own.operator.post("/api/v1/people", json={"name": "BEA"})
    problem(taken, 409, "name_taken")
    own.close()


def test_conversations_are_their_owners(office: Office) -> None:
    path = "/api/v1/conversations"
    made = office.reader.post(path, json={"title": "mine"}).json()["id"]
    asked = office.reader.post(
        f"{path}/{made}/turns?stream=false", json={"question": f"When is the {CANARY} festival?"}
    ).json()
    turn = asked["turn_id"]
    for person in (office.named, office.administrator, office.manager):
        assert person.get(path).json()["items"] == []
        assert person.get(path, params={"q": CANARY}).json()["items"] == []
        for method, target, body in (
            ("GET", f"{path}/{made}", None),
            ("PATCH", f"{path}/{made}", {"title": "theirs"}),
            ("GET", f"{path}/{made}/export", None),
            ("POST", f"{path}/{made}/turns?stream=false", {"question": "What?"}),
            ("POST", f"/api/v1/turns/{turn}/regenerate?stream=false", None),
            ("POST", f"/api/v1/turns/{turn}/continue?stream=false", None),
            ("POST", f"/api/v1/turns/{turn}/edit?stream=false", {"question": "What?"}),
            ("PUT", f"/api/v1/turns/{turn}/feedback", {"value": "up"}),
            ("GET", f"/api/v1/turns/{turn}/trace", None),
            ("DELETE", f"{path}/{made}", None),
        ):
            problem(person.request(method, target, json=body), 404, "not_found")
    judged = office.reader.put(f"/api/v1/turns/{turn}/feedback", json={"value": "up"})
    assert judged.status_code == 200
    assert CANARY in office.reader.get("/api/v1/feedback/questions").text
    assert office.named.get("/api/v1/feedback/questions").text == ""
    assert [each["id"] for each in office.reader.get(path).json()["items"]] == [made]


def test_what_is_taken_back_is_withheld_from_old_answers(office: Office) -> None:
    town, path = office.town, "/api/v1/conversations"
    guest = town.person("Una")
    town.granted(office.id, guest, "reader")
    made = guest.post(path, json={}).json()["id"]
    body = {"question": f"When does the {CANARY} festival begin?"}
    first = guest.post(f"{path}/{made}/turns?stream=false", json=body).json()
    assert "June" in json.dumps(first)
    held = {"person_id": town.id_of(guest)}
    done = town.operator.delete(f"/api/v1/collections/{office.id}/grants", params=held)
    assert done.status_code == 204
    for again in (guest.get(f"{path}/{made}"), guest.get(f"{path}/{made}/export")):
        assert again.status_code == 200
        assert "June" not in again.text
    answer = guest.post(f"/api/v1/turns/{first['turn_id']}/regenerate?stream=false")
    assert "June" not in answer.text


def test_the_places_of_the_machine_are_for_administrators(office: Office) -> None:
    told = office.reader.get("/api/v1/status")
    assert str(office.town.server.data) not in told.text
    assert told.json()["database"] == ""
    assert {told.json()[name] for name in ("seq", "index_seq", "data_bytes", "pid")} == {0}
    whole = office.administrator.get("/api/v1/status").json()
    assert whole["data_folder"] == str(office.town.server.data)
    assert min(whole[name] for name in ("seq", "index_seq", "data_bytes", "pid")) > 0


def test_who_administers_counts_all_documents_and_reads_none(office: Office) -> None:
    key = office.town.key(office.administrator, "admin")
    told = key.get("/metrics").text
    [counted] = re.findall(r'^cloister_documents{state="ready"} (.+)$', told, re.MULTILINE)
    everything = office.town.operator.get("/api/v1/status").json()["documents"]["ready"]
    assert float(counted) == everything > 0


def test_a_key_sees_what_its_person_sees(office: Office) -> None:
    key = office.town.key(office.reader, "search")
    assert office.sees(key) == {office.open}
    models = office.town.key(office.reader, "ask").get("/v1/models")
    assert "office" in models.text
    assert "office" not in office.town.key(office.stranger, "ask").get("/v1/models").text


def test_the_openai_door_has_the_same_rights(office: Office) -> None:
    store, file = f"/v1/vector_stores/vs_{office.id}", f"/v1/files/file-{office.open}"
    closed = f"/v1/files/file-{office.closed}"
    everything = ("search", "ask", "ingest", "admin")
    reader = office.town.key(office.reader, *everything)
    writer = office.town.key(office.writer, *everything)
    stranger = office.town.key(office.stranger, *everything)
    assert reader.get(store).json()["file_counts"]["total"] == 1
    assert [each["id"] for each in reader.get("/v1/files").json()["data"]] == [
        f"file-{office.open}"
    ]
    assert reader.get(f"{file}/content").status_code == 200
    changes: tuple[tuple[str, str, Any], ...] = (
        ("DELETE", file, None),
        ("DELETE", f"{store}/files/file-{office.open}", None),
        ("DELETE", store, None),
        ("POST", f"{store}/files", {"file_id": f"file-{office.open}"}),
    )
    for method, path, body in changes:
        assert reader.request(method, path, json=body).status_code == 403, path
        assert stranger.request(method, path, json=body).status_code == 404, path
        assert office.town.browser().request(method, path, json=body).status_code == 401, path
    for path in (closed, f"{closed}/content", f"{store}/files/file-{office.closed}"):
        assert reader.get(path).status_code == 404
        assert writer.delete(path.removesuffix("/content")).status_code == 404
    assert stranger.post(f"{store}/search", json={"query": CANARY}).status_code == 404
    found = reader.post(f"{store}/search", json={"query": SECRET})
    assert "nine thousand" not in found.text
    assert writer.delete(store).status_code == 403
    assert writer.post("/v1/vector_stores", json={"name": "mine"}).status_code == 403
    assert office.sees(office.reader) == {office.open}
