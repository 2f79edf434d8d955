"""Every route with an id, from the OpenAPI document, for everybody who might ask."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.fixtures.people import Town

NOWHERE = 987_654_321
Ids = dict[str, int | str]
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
    "PUT /api/v1/people/{person_id}/quota": {},
    "PUT /api/v1/collections/{collection_id}/quota": {},
    "PATCH /api/v1/groups/{group_id}": {"name": "renamed"},
    "PUT /api/v1/groups/{group_id}/members": {"people": []},
    "POST /v1/vector_stores/{store_id}/files": {"file_id": "file-1"},
    "POST /v1/vector_stores/{store_id}/search": {"query": "lighthouse"},
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
    "GET /v1/models/{model_id}",
    "GET /v1/files/{file_id}",
    "GET /v1/files/{file_id}/content",
    "GET /v1/vector_stores/{store_id}",
    "GET /v1/vector_stores/{store_id}/files",
    "GET /v1/vector_stores/{store_id}/files/{file_id}",
    "POST /v1/vector_stores/{store_id}/search",
}
REFUSED_TO_READERS = {
    "PATCH /api/v1/collections/{collection_id}",
    "DELETE /api/v1/collections/{collection_id}",
    "GET /api/v1/collections/{collection_id}/quota",
    "PUT /api/v1/collections/{collection_id}/quota",
    "GET /api/v1/collections/{collection_id}/grants",
    "PUT /api/v1/collections/{collection_id}/grants",
    "DELETE /api/v1/collections/{collection_id}/grants",
    "GET /api/v1/collections/{collection_id}/audience",
    "GET /api/v1/documents/{document_id}/readers",
    "PUT /api/v1/documents/{document_id}/readers",
    "DELETE /api/v1/documents/{document_id}",
    "POST /api/v1/documents/{document_id}/retry",
    "POST /api/v1/jobs/{job_id}/cancel",
    "POST /api/v1/jobs/{job_id}/retry",
    "DELETE /v1/files/{file_id}",
    "DELETE /v1/vector_stores/{store_id}",
    "POST /v1/vector_stores/{store_id}/files",
    "DELETE /v1/vector_stores/{store_id}/files/{file_id}",
}
NOT_FOR_MANAGERS = {"PUT /api/v1/collections/{collection_id}/quota"}
FOR_ADMINISTRATORS = ("/api/v1/people", "/api/v1/groups")
OF_ONE_PERSON = ("/api/v1/conversations", "/api/v1/turns", "/api/v1/keys", "/api/v1/auth/sessions")

BY_KEY: tuple[tuple[str, tuple[str, ...]], ...] = (
    (r"GET /api/v1/(jobs|collections)/{\w+}", ("search", "ask", "ingest", "admin")),
    (r"GET /v1/models/.*", ("search", "ask", "ingest", "admin")),
    (r"\w+ /api/v1/(conversations|turns)/.*", ("ask",)),
    (r"GET /api/v1/documents/.*", ("search", "ask", "ingest")),
    (r"POST /api/v1/(documents|jobs)/.*", ("ingest",)),
    (r"DELETE /api/v1/documents/{document_id}", ("ingest",)),
    (r"POST /v1/vector_stores/{store_id}/search", ("search", "ask")),
    (r"DELETE /v1/vector_stores/{store_id}", ("admin",)),
    (r"GET /v1/.*", ("search", "ask", "ingest")),
    (r"(POST|DELETE) /v1/.*", ("ingest",)),
    (r".*", ("admin",)),
)
"""For which permissions a key comes in at a route; the first that fits counts."""


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


IMAGE = "GET /api/v1/documents/{document_id}/pages/{number}/image"
"""What only an image has: the document of the others is text."""


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
        self.ids: Ids = {
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
            "model_id": "matrix",
            "file_id": f"file-{document}",
            "store_id": f"vs_{collection}",
        }
        self.keys = {
            each: town.key(self.owner, each) for each in ("search", "ask", "ingest", "admin")
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
        if method in _METHODS and "{" in path
    ]


def asked(http: httpx.Client, route: str, ids: Ids) -> httpx.Response:
    method, _, path = route.partition(" ")
    params = {"stream": "false"} | QUERIES.get(route, {})
    return http.request(method, path.format(**ids), json=BODIES.get(route), params=params)


def test_every_route_with_an_id_is_one_that_we_know(town: Town, cast: Cast) -> None:
    routes = routes_of(town.operator)
    assert len(routes) > 30
    known = READ_BY_READERS | REFUSED_TO_READERS | {IMAGE}
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
            told = response.json().get("error", response.json())
            assert (response.status_code, told["code"]) == (401, "not_signed_in"), route


def test_a_stranger_learns_nothing(town: Town, cast: Cast) -> None:
    nowhere = ids_like(str(NOWHERE), cast.ids)
    for route in routes_of(town.operator):
        foreign, missing = (asked(cast.stranger, route, ids) for ids in (cast.ids, nowhere))
        status = 403 if route.partition(" ")[2].startswith(FOR_ADMINISTRATORS) else 404
        assert (foreign.status_code, missing.status_code) == (status, status), route
        assert shape(foreign) == shape(missing), route


def ids_like(number: str, ids: Ids) -> Ids:
    """The same kinds of ids with another number in them."""
    forms = {"file_id": f"file-{number}", "store_id": f"vs_{number}"}
    return {name: forms.get(name, number) for name in ids}


def shape(response: httpx.Response) -> dict[str, Any]:
    """A refusal without its id, and without what every request has of its own."""
    told: dict[str, Any] = response.json()
    error: dict[str, Any] = told.get("error", told)
    for own in ("request_id", "instance"):
        error.pop(own, None)
    words = "message" if "message" in error else "detail"
    return error | {words: re.sub(r"'[^']*'|\b\d+\b", "#", error[words])}


@pytest.mark.parametrize(
    "number", ["abc", "0", "-1", "1.5", "9" * 30, "١", "%20", "1%00", "a" * 40], ids=repr
)
def test_a_malformed_id_is_as_good_as_none(town: Town, cast: Cast, number: str) -> None:
    nowhere, malformed = ids_like(str(NOWHERE), cast.ids), ids_like(number, cast.ids)
    for route in routes_of(town.operator):
        missing, odd = (asked(cast.owner, route, ids) for ids in (nowhere, malformed))
        assert odd.status_code == missing.status_code, f"{route} {odd.text}"
        assert missing.status_code in (403, 404), route
        assert shape(odd) == shape(missing), route


def test_a_deleted_id_is_as_good_as_none(town: Town, cast: Cast) -> None:
    collection = town.server.collection("short-lived")["id"]
    [document] = town.server.ingest({"b.txt": b"The harbour closes in June."}, "short-lived")
    gone: Ids = {"document_id": document, "collection_id": collection}
    gone |= {"file_id": f"file-{document}", "store_id": f"vs_{collection}"}
    gone |= {"model_id": "short-lived"}
    town.granted(collection, cast.owner, "manager")
    assert town.operator.delete(f"/api/v1/collections/{collection}").status_code == 204
    nowhere = ids_like(str(NOWHERE), cast.ids)
    for route in routes_of(town.operator):
        if not any(f"{{{name}}}" in route for name in gone):
            continue
        deleted, missing = (asked(cast.owner, route, nowhere | each) for each in (gone, nowhere))
        assert deleted.status_code == missing.status_code == 404, route
        assert shape(deleted) == shape(missing), route


def test_a_hidden_copy_of_a_file_is_as_good_as_none(town: Town, cast: Cast) -> None:
    content = b"The pier is repainted every seven years."
    stores = {}
    for name in ("shown copy", "hidden copy"):
        stores[name] = town.server.collection(name)["id"]
        town.granted(stores[name], cast.reader, "reader")
        [document] = town.server.ingest({"pier.txt": content}, name)
        stores[f"{name}: document"] = document
    readers = f"/api/v1/documents/{stores['hidden copy: document']}/readers"
    assert town.operator.put(readers, json={"readers": []}).status_code == 200
    file = f"file-{stores['shown copy: document']}"
    hidden, missing = (
        cast.reader.get(f"/v1/vector_stores/vs_{stores['hidden copy']}/files/{each}")
        for each in (file, "file-999999")
    )
    assert (hidden.status_code, missing.status_code) == (404, 404)
    assert file in hidden.json()["error"]["message"]
    assert shape(hidden) == shape(missing)


def test_a_key_of_too_small_a_scope_is_refused(town: Town, cast: Cast) -> None:
    for route in routes_of(town.operator):
        enough = next(allowed for pattern, allowed in BY_KEY if re.fullmatch(pattern, route))
        for permission, key in cast.keys.items():
            if permission not in enough:
                refused = asked(key, route, cast.ids)
                told = refused.json().get("error", refused.json())
                seen = (refused.status_code, told["code"])
                assert seen == (403, "key_not_allowed"), f"{route} by a key for {permission}"


@pytest.mark.parametrize("tool", ["search", "fetch", "ask"])
def test_a_tool_tells_a_stranger_nothing(town: Town, cast: Cast, tool: str) -> None:
    foreign, missing = (
        called(cast.stranger, tool, *each)
        for each in ((cast.ids["document_id"], "matrix"), (NOWHERE, "no such"))
    )
    assert foreign["isError"] is True
    assert json.dumps(foreign).replace("matrix", "no such") == json.dumps(missing)
    known = called(cast.owner, tool, cast.ids["document_id"], "matrix")
    assert known["isError"] is False
    assert "lighthouse" in json.dumps(known)
    for http in (cast.signed_out, cast.suspended):
        assert http.post("/mcp", json={}).status_code == 401
    for permission in ("search", "ingest", "admin"):
        assert cast.keys[permission].post("/mcp", json={}).status_code == 403


def called(http: httpx.Client, tool: str, document: int | str, collection: str) -> dict[str, Any]:
    """What a tool of the MCP door tells."""
    arguments = {
        "search": {"query": "lighthouse", "collection": collection},
        "fetch": {"id": str(document)},
        "ask": {"question": "When does the lighthouse open?", "collection": collection},
    }[tool]
    call = {"name": tool, "arguments": arguments}
    message = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
    accepted = {"Accept": "application/json, text/event-stream"}
    response = http.post("/mcp", json=message, headers=accepted)
    assert response.status_code == 200, response.text
    found: dict[str, Any] = json.loads(response.text.partition("data: ")[2])["result"]
    return found


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
        # The other door's ways to delete the same things come last, and find them gone.
        is_second = method == "DELETE" and path.startswith("/v1/")
        return order[method] + is_second, kind, -path.count("/")

    for route in sorted(routes, key=when):
        path = route.partition(" ")[2]
        if route == IMAGE or path.startswith(FOR_ADMINISTRATORS):
            continue
        response = asked(cast.owner, route, cast.ids)
        if route in NOT_FOR_MANAGERS:
            assert response.status_code == 403, route
            continue
        # A job that is done can neither be cancelled nor tried again, and a new grant is kept.
        allowed = (200, 201, 202, 204, 409, 404 if route.startswith("DELETE /v1/") else 200)
        assert response.status_code in allowed, f"{route} {response.text}"
