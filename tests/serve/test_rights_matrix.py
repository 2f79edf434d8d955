"""Every route with an id, from the OpenAPI document, for everybody who might ask."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.fixtures.people import Town

NOWHERE = 987_654_321
_METHODS = {"get", "put", "post", "patch", "delete"}

BODIES: dict[str, dict[str, Any]] = {
    "PATCH /api/v1/collections/{collection_id}": {"model": ""},
    "PUT /api/v1/collections/{collection_id}/grants": {"person": "Owner", "role": "manager"},
    "PUT /api/v1/documents/{document_id}/readers": {"readers": None},
    "PATCH /api/v1/conversations/{conversation_id}": {"title": "new"},
    "POST /api/v1/conversations/{conversation_id}/turns": {"question": "What?"},
    "POST /api/v1/turns/{turn_id}/edit": {"question": "What?"},
    "PUT /api/v1/turns/{turn_id}/feedback": {"value": "up"},
    "PATCH /api/v1/people/{person_id}": {},
    "PATCH /api/v1/groups/{group_id}": {"name": "renamed"},
    "PUT /api/v1/groups/{group_id}/members": {"people": []},
}
"""What makes a request valid, so that nothing but the rights decides."""

QUERIES: dict[str, dict[str, int]] = {
    "DELETE /api/v1/collections/{collection_id}/grants": {"person_id": NOWHERE},
    "GET /api/v1/documents/{document_id}/pages/{number}/quote": {"start": 0, "end": 3},
}

READ_BY_READERS = {
    "GET /api/v1/collections/{collection_id}",
    "GET /api/v1/documents/{document_id}",
    "GET /api/v1/documents/{document_id}/content",
    "GET /api/v1/documents/{document_id}/text",
    "GET /api/v1/documents/{document_id}/pages",
    "GET /api/v1/documents/{document_id}/pages/{number}",
    "GET /api/v1/documents/{document_id}/pages/{number}/quote",
    "GET /api/v1/documents/{document_id}/chunks/{chunk_id}",
    "GET /api/v1/jobs/{job_id}",
}
REFUSED_TO_READERS = {
    "PATCH /api/v1/collections/{collection_id}",
    "DELETE /api/v1/collections/{collection_id}",
    "GET /api/v1/collections/{collection_id}/grants",
    "PUT /api/v1/collections/{collection_id}/grants",
    "DELETE /api/v1/collections/{collection_id}/grants",
    "GET /api/v1/documents/{document_id}/readers",
    "PUT /api/v1/documents/{document_id}/readers",
    "DELETE /api/v1/documents/{document_id}",
    "POST /api/v1/documents/{document_id}/retry",
    "POST /api/v1/jobs/{job_id}/cancel",
    "POST /api/v1/jobs/{job_id}/retry",
}
FOR_ADMINISTRATORS = ("/api/v1/people", "/api/v1/groups")
OF_ONE_PERSON = ("/api/v1/conversations", "/api/v1/turns", "/api/v1/keys", "/api/v1/auth/sessions")
ELSEWHERE = ("/v1/", "/mcp", "/api/v1/documents/{document_id}/pages/{number}/image")
"""Doors of their own, and what only an image has; their own tests try them."""


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


class Cast:
    """Something of each kind that has an id, and everybody who might ask for it."""

    def __init__(self, town: Town) -> None:
        self.owner, self.reader = town.person("Owner"), town.person("Reader")
        self.stranger, suspended = town.person("Stranger"), town.person("Suspended")
        self.signed_out = town.browser()
        collection = town.server.collection("matrix")["id"]
        [document] = town.server.ingest({"a.txt": b"The lighthouse opens in May."}, "matrix")
        for person, role in (
            (self.owner, "manager"),
            (self.reader, "reader"),
            (suspended, "manager"),
        ):
            town.granted(collection, person, role)
        conversation = self.owner.post("/api/v1/conversations", json={}).json()["id"]
        question = {"question": "When does the lighthouse open?"}
        path = f"/api/v1/conversations/{conversation}/turns?stream=false"
        turn = self.owner.post(path, json=question).json()["turn_id"]
        search = {"query": "lighthouse", "documents": [document]}
        [hit] = self.owner.post("/api/v1/search", json=search).json()["items"]
        [job] = [
            each["id"]
            for each in self.owner.get("/api/v1/jobs").json()["items"]
            if each["document_id"] == document
        ]
        key = self.owner.post("/api/v1/keys", json={"name": "k", "permissions": ["search"]})
        group = town.operator.post("/api/v1/groups", json={"name": "matrix"})
        sessions = town.signed_in("Owner").get("/api/v1/auth/sessions").json()["items"]
        self.ids = {
            "collection_id": collection,
            "document_id": document,
            "conversation_id": conversation,
            "turn_id": turn,
            "job_id": job,
            "chunk_id": hit["chunk_id"],
            "number": 1,
            "key_id": key.json()["id"],
            "group_id": group.json()["id"],
            "person_id": town.id_of(self.owner),
            "session_id": next(each["id"] for each in sessions if each["current"]),
        }
        town.suspended(_id_of(town, "Suspended"))
        self.suspended = suspended


def _id_of(town: Town, name: str) -> int:
    people = town.operator.get("/api/v1/people").json()["items"]
    return int(next(each["id"] for each in people if each["name"] == name))


@pytest.fixture(scope="module")
def cast(town: Town) -> Cast:
    return Cast(town)


def routes_of(http: httpx.Client) -> list[str]:
    paths = http.get("/openapi.json").json()["paths"]
    return [
        f"{method.upper()} {path}"
        for path, operations in paths.items()
        for method in operations
        if method in _METHODS and "{" in path and not path.startswith(ELSEWHERE)
    ]


def asked(http: httpx.Client, route: str, ids: dict[str, int]) -> httpx.Response:
    method, _, path = route.partition(" ")
    params = {"stream": "false"} | QUERIES.get(route, {})
    return http.request(method, path.format(**ids), json=BODIES.get(route), params=params)


def test_every_route_with_an_id_is_one_that_we_know(town: Town, cast: Cast) -> None:
    routes = routes_of(town.operator)
    assert len(routes) > 30
    known = READ_BY_READERS | REFUSED_TO_READERS
    unknown = [
        route
        for route in routes
        if route not in known
        and not route.partition(" ")[2].startswith((*FOR_ADMINISTRATORS, *OF_ONE_PERSON))
    ]
    assert unknown == []
    assert known <= set(routes)


def test_nobody_comes_in_who_is_signed_out_or_suspended(town: Town, cast: Cast) -> None:
    for route in routes_of(town.operator):
        for http in (cast.signed_out, cast.suspended):
            response = asked(http, route, cast.ids)
            assert (response.status_code, response.json()["code"]) == (401, "not_signed_in"), route


def test_a_stranger_learns_nothing(town: Town, cast: Cast) -> None:
    nowhere = dict.fromkeys(cast.ids, NOWHERE)
    for route in routes_of(town.operator):
        foreign, missing = (asked(cast.stranger, route, ids) for ids in (cast.ids, nowhere))
        status = 403 if route.partition(" ")[2].startswith(FOR_ADMINISTRATORS) else 404
        assert (foreign.status_code, missing.status_code) == (status, status), route
        assert shape(foreign, cast.ids) == shape(missing, nowhere), route


def shape(response: httpx.Response, ids: dict[str, int]) -> dict[str, Any]:
    """A refusal without what every request has of its own."""
    told: dict[str, Any] = response.json()
    text = told["detail"]
    for each in ids.values():
        text = text.replace(str(each), "#")
    assert told.pop("request_id")
    assert told.pop("instance")
    return told | {"detail": text}


def test_a_reader_reads(town: Town, cast: Cast) -> None:
    for route in routes_of(town.operator):
        status = asked(cast.reader, route, cast.ids).status_code
        path = route.partition(" ")[2]
        if route in READ_BY_READERS:
            assert status == 200, route
        elif route in REFUSED_TO_READERS or path.startswith(FOR_ADMINISTRATORS):
            assert status == 403, route
        else:
            assert status == 404, route


def test_the_owner_may_do_all_of_it(town: Town, cast: Cast) -> None:
    routes = routes_of(town.operator)
    # What reads comes first, and what takes the larger thing away last.
    last = ["turns", "conversations", "jobs", "documents", "collections", "keys", "sessions"]
    order = {"GET": 0, "PUT": 1, "PATCH": 1, "POST": 2, "DELETE": 3}

    def when(route: str) -> tuple[int, int, int]:
        method, _, path = route.partition(" ")
        kind = next((n for n, each in enumerate(last) if f"/{each}" in path), 0)
        return order[method], kind, -path.count("/")

    for route in sorted(routes, key=when):
        if route.partition(" ")[2].startswith(FOR_ADMINISTRATORS):
            continue
        response = asked(cast.owner, route, cast.ids)
        # A job that is done can neither be cancelled nor tried again, and a new grant is kept.
        assert response.status_code in (200, 201, 202, 204, 409), f"{route} {response.text}"
