"""What people have of their own: exported, deleted; and what administrators see of accounts."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from zipfile import ZipFile

import httpx
import pytest

from serve.doctor.sockets import OpenSocket
from serve.health_details import outgoing
from tests.conftest import ServerFactory
from tests.fixtures.people import Town, problem


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


def asked(person: httpx.Client, question: str) -> int:
    """The turn of a question in a new conversation."""
    conversation = person.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{conversation}/turns?stream=false"
    answered = person.post(path, json={"question": question})
    assert answered.status_code == 200, answered.text
    turn: int = answered.json()["turn_id"]
    return turn


def test_an_export_holds_ones_own_conversations_and_no_others(town: Town) -> None:
    mine, other = town.person("Export"), town.person("Somebody else")
    turn = asked(mine, "Where is the lighthouse?")
    asked(other, "Where is the harbour?")
    judged = {"value": "down", "reason": "incomplete", "comment": "It is short."}
    assert mine.put(f"/api/v1/turns/{turn}/feedback", json=judged).status_code == 200
    exported = mine.get("/api/v1/me/export")
    assert exported.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(exported.content)) as archive:
        assert archive.testzip() is None
        names = archive.namelist()
        account = json.loads(archive.read("account.json"))
        whole = "".join(archive.read(name).decode() for name in names)
    assert len(names) == 3
    assert account["person"]["name"] == "Export"
    assert "Where is the lighthouse?" in whole
    assert "It is short." in whole
    assert "harbour" not in whole


def test_more_conversations_than_are_read_at_once_are_all_exported(town: Town) -> None:
    mine = town.person("Many")
    for number in range(53):
        mine.post("/api/v1/conversations", json={"title": f"Title {number}"})
    with ZipFile(io.BytesIO(mine.get("/api/v1/me/export").content)) as archive:
        assert len(archive.namelist()) == 1 + 2 * 53


def test_deleting_ones_conversations_leaves_those_of_others(town: Town) -> None:
    mine, other = town.person("Forgetful"), town.person("Keeper")
    asked(mine, "What?")
    asked(other, "What?")
    problem(town.key(mine, "ask").delete("/api/v1/me/conversations"), 403, "not_allowed")
    assert mine.delete("/api/v1/me/conversations").status_code == 204
    assert mine.get("/api/v1/conversations").json()["items"] == []
    assert len(other.get("/api/v1/conversations").json()["items"]) == 1


def test_an_account_goes_with_its_sessions_but_not_by_a_key(town: Town) -> None:
    mine = town.person("Leaving")
    problem(town.key(mine, "search").delete("/api/v1/me"), 403, "not_allowed")
    problem(town.operator.delete("/api/v1/me"), 403, "not_allowed")
    assert mine.delete("/api/v1/me").status_code == 204
    problem(mine.get("/api/v1/me"), 401, "not_signed_in")


def test_the_last_administrator_stays(town: Town) -> None:
    administrator = town.person("Boss", administrator=True)
    problem(administrator.delete("/api/v1/me"), 409, "last_administrator")
    assert administrator.get("/api/v1/me").status_code == 200


def test_administrators_see_and_end_sessions_and_keys(town: Town) -> None:
    administrator, other = town.person("Chief", administrator=True), town.person("Signed in")
    key = town.key(other, "search")
    owner = town.id_of(other)
    path = f"/api/v1/people/{owner}/sessions"
    assert len(administrator.get(path).json()["items"]) == 1
    problem(other.get(path), 403, "not_allowed")
    assert administrator.delete(path).status_code == 204
    problem(other.get("/api/v1/me"), 401, "not_signed_in")
    listed = administrator.get("/api/v1/keys", params={"everybody": True}).json()["items"]
    [one] = [each for each in listed if each["person_id"] == owner]
    assert administrator.get("/api/v1/keys").json()["items"] == []
    problem(key.get("/api/v1/keys?everybody=true"), 403, "key_not_allowed")
    assert administrator.delete(f"/api/v1/keys/{one['id']}").status_code == 204
    problem(key.get("/api/v1/me"), 401, "not_signed_in")


def test_counts_of_feedback_are_for_administrators_questions_for_their_owner(town: Town) -> None:
    mine, administrator = town.person("Judge"), town.person("Reeve", administrator=True)
    turn = asked(mine, "Who keeps the bridge?")
    mine.put(f"/api/v1/turns/{turn}/feedback", json={"value": "down", "reason": "wrong_source"})
    told = mine.get("/api/v1/feedback").json()
    assert told["counts"] == []
    assert [each["question"] for each in told["items"]] == ["Who keeps the bridge?"]
    seen = administrator.get("/api/v1/feedback").json()
    assert {"value": "down", "reason": "wrong_source", "count": 1} in seen["counts"]
    assert seen["items"] == []


def test_health_in_detail_is_for_administrators(town: Town) -> None:
    [_] = town.server.ingest({"a.txt": b"The lighthouse opens in May."})
    administrator = town.person("Warden", administrator=True)
    told = administrator.get("/api/v1/health/details").json()
    assert told["jobs"] == {"ready": 1}
    assert told["workers_wanted"] == told["workers_running"] == 1
    assert told["disk"]["free_bytes"] > 0
    assert told["egress"]["outside"] == []
    assert told["egress"]["switches"]["HF_HUB_OFFLINE"] == "1"
    problem(town.person("Nosy").get("/api/v1/health/details"), 403, "not_allowed")


def test_what_came_in_is_no_way_out() -> None:
    listening = OpenSocket(1, "tcp", "127.0.0.1:8080", "0.0.0.0:0", "listening", is_outside=False)
    visitor = OpenSocket(1, "tcp", "10.0.0.2:8080", "10.0.0.9:50000", "established", True)
    call = OpenSocket(1, "tcp", "10.0.0.2:41000", "192.0.2.7:443", "established", True)
    assert outgoing([listening, visitor, call]) == [call]


def test_jobs_of_one_stage(town: Town) -> None:
    items = town.server.upload({"bad.pdf": b"%PDF-1.7 nothing"})
    assert town.server.ended(items[0]["job_id"])["stage"] == "failed"
    failed = town.operator.get("/api/v1/jobs", params={"stage": "failed"}).json()["items"]
    assert [each["name"] for each in failed] == ["bad.pdf"]


def test_a_weak_password_says_why_in_a_stable_word(town: Town) -> None:
    token = town.invited("Weakling")["token"]
    http = town.browser()
    for password, reason in (("short", "too_short"), ("password1234", "common")):
        body = {"token": token, "password": password}
        told = problem(http.post("/api/v1/auth/links", json=body), 422, "weak_password")
        assert told["reason"] == reason
