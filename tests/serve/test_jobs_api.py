from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

PATH = "/api/v1/jobs"


@pytest.fixture(scope="module")
def idle(module_server: ServerFactory) -> RunningServer:
    """A server that takes nothing in, so that jobs wait."""
    return module_server(WORKERS="0")


@contextmanager
def events_of(server: RunningServer) -> Iterator[Iterator[dict[str, Any]]]:
    with server.http.stream("GET", f"{PATH}/events") as response:
        assert response.headers["content-type"].startswith("text/event-stream")
        assert response.headers["cache-control"] == "no-store"
        yield (json.loads(line[6:]) for line in response.iter_lines() if line[:6] == "data: ")


def test_a_job_comes_and_goes(idle: RunningServer) -> None:
    (item,) = idle.upload({"waits.txt": b"this waits"})
    path = f"{PATH}/{item['job_id']}"
    job = idle.http.get(path).json()
    assert job["stage"] == "queued"
    assert (job["done"], job["total"], job["unit"]) == (0, 10, "bytes")
    assert job["name"] == "waits.txt"
    active = idle.http.get(PATH, params={"active": "1"}).json()["items"]
    assert job in active

    cancelled = idle.http.post(f"{path}/cancel")
    assert cancelled.status_code == 202
    assert cancelled.json()["stage"] == "cancelled"
    assert cancelled.json()["error"]["code"] == "cancelled"
    document = idle.http.get(f"/api/v1/documents/{item['document_id']}").json()
    assert document["state"] == "failed"
    assert item["job_id"] not in [
        each["id"] for each in idle.http.get(PATH, params={"active": "1"}).json()["items"]
    ]

    again = idle.http.post(f"{path}/retry").json()
    assert (again["stage"], again["error"]) == ("queued", None)


def test_uploading_again_takes_up_what_was_cancelled(idle: RunningServer) -> None:
    (item,) = idle.upload({"again.txt": b"cancelled and sent again"})
    idle.http.post(f"{PATH}/{item['job_id']}/cancel")
    (again,) = idle.upload({"again.txt": b"cancelled and sent again"})
    assert again["duplicate"]
    assert again["job_id"] == item["job_id"]
    assert idle.job(item["job_id"])["stage"] == "queued"


def test_jobs_by_id_and_page_by_page(idle: RunningServer) -> None:
    ids = [idle.upload({f"{n}.txt": f"job {n}".encode()})[0]["job_id"] for n in range(3)]
    some = idle.http.get(PATH, params={"id": [ids[0], ids[2], 999_999]}).json()["items"]
    assert [job["id"] for job in some] == [ids[0], ids[2]]
    first = idle.http.get(PATH, params={"limit": "2"}).json()
    assert len(first["items"]) == 2
    second = idle.http.get(PATH, params={"limit": "2", "cursor": first["next_cursor"]}).json()
    assert second["items"][0]["id"] > first["items"][1]["id"]


@pytest.mark.parametrize("path", ["", "/cancel", "/retry"])
def test_a_job_that_does_not_exist(idle: RunningServer, path: str) -> None:
    method = "POST" if path else "GET"
    response = idle.http.request(method, f"{PATH}/999999{path}")
    assert (response.status_code, response.json()["code"]) == (404, "not_found")


def test_a_deleted_document_takes_its_job_along(idle: RunningServer) -> None:
    (item,) = idle.upload({"gone.txt": b"soon gone"})
    idle.http.delete(f"/api/v1/documents/{item['document_id']}")
    assert idle.http.get(f"{PATH}/{item['job_id']}").status_code == 404


def test_the_stream_tells_what_is_and_what_changes(idle: RunningServer) -> None:
    (first, second) = idle.upload({"s1.txt": b"stream one", "s2.txt": b"stream two"})
    with events_of(idle) as events:
        snapshot = next(events)
        assert snapshot["type"] == "snapshot"
        assert {first["job_id"], second["job_id"]} <= {job["id"] for job in snapshot["jobs"]}
        idle.http.post(f"{PATH}/{first['job_id']}/cancel")
        changed = next(events)
        assert changed["type"] == "job"
        assert changed["job"]["id"] == first["job_id"]
        assert changed["job"]["stage"] == "cancelled"
        idle.http.delete(f"/api/v1/documents/{second['document_id']}")
        assert next(events) == {"type": "removed", "job_id": second["job_id"]}
        (third,) = idle.upload({"s3.txt": b"stream three"})
        fresh = next(events)
        assert (fresh["type"], fresh["job"]["id"]) == ("job", third["job_id"])


def test_the_stream_follows_a_document_until_it_is_searchable(
    shared_server: RunningServer,
) -> None:
    shared_server.ingest({"first.txt": b"So that the worker is awake."})
    with events_of(shared_server) as events:
        next(events)
        (item,) = shared_server.upload({"followed.txt": b"The kingfisher dives for minnows."})
        stages: list[str] = []
        for event in events:
            if event["type"] == "job" and event["job"]["id"] == item["job_id"]:
                stages.append(event["job"]["stage"])
                if stages[-1] == "ready":
                    break
    # A small document may be through some of its stages before the stream looks again.
    order = ["queued", "parsing", "embedding", "indexing", "ready"]
    assert stages == sorted(stages, key=order.index)
    query = {"query": "kingfisher", "documents": [item["document_id"]]}
    (hit,) = shared_server.http.post("/api/v1/search", json=query).json()["items"]
    assert hit["dense_rank"] == hit["lexical_rank"] == 1


def test_the_stream_ends_when_the_server_stops(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    with events_of(running) as events:
        assert next(events)["type"] == "snapshot"
        running.process.terminate()
        assert list(events) == []
    assert running.stop() == 0
