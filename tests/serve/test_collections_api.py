from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from tests.conftest import RunningServer, ServerFactory

PATH = "/api/v1/collections"


@pytest.fixture(scope="module")
def idle(module_server: ServerFactory) -> RunningServer:
    """A server that takes nothing in."""
    return module_server(WORKERS="0")


def names(server: RunningServer) -> list[str]:
    return [each["name"] for each in server.http.get(PATH).json()["items"]]


def test_there_is_a_default(idle: RunningServer) -> None:
    assert "default" in names(idle)


def test_the_life_of_a_collection(idle: RunningServer) -> None:
    made = idle.collection("Verträge")
    assert made["document_count"] == 0
    path = f"{PATH}/{made['id']}"
    assert idle.http.get(path).json() == made
    renamed = idle.http.patch(path, json={"name": "Contrats"}).json()
    assert (renamed["id"], renamed["name"]) == (made["id"], "Contrats")
    (item,) = idle.upload({"x.txt": b"in a collection"}, "Contrats")
    assert idle.http.get(path).json()["document_count"] == 1
    assert idle.http.delete(path).status_code == 204
    assert idle.http.get(path).status_code == 404
    assert "Contrats" not in names(idle)
    assert idle.http.get(f"/api/v1/documents/{item['document_id']}").status_code == 404


def test_originals_go_with_the_last_collection_that_has_them(idle: RunningServer) -> None:
    first, second = idle.collection("first"), idle.collection("second")
    idle.upload({"x.txt": b"shared by two"}, "first")
    (item,) = idle.upload({"x.txt": b"shared by two"}, "second")
    content = f"/api/v1/documents/{item['document_id']}/content"
    idle.http.delete(f"{PATH}/{first['id']}")
    assert idle.http.get(content).content == b"shared by two"
    before = sum(path.is_file() for path in (idle.data / "originals").rglob("*"))
    idle.http.delete(f"{PATH}/{second['id']}")
    assert sum(path.is_file() for path in (idle.data / "originals").rglob("*")) == before - 1


def test_a_name_is_taken_once(idle: RunningServer) -> None:
    idle.collection("taken")
    other = idle.collection("other")
    again = idle.http.post(PATH, json={"name": " taken "})
    assert (again.status_code, again.json()["code"]) == (409, "collection_exists")
    renamed = idle.http.patch(f"{PATH}/{other['id']}", json={"name": "taken"})
    assert renamed.status_code == 409
    same = idle.http.patch(f"{PATH}/{other['id']}", json={"name": "other"})
    assert same.status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        {}, {"name": ""}, {"name": "  "}, {"name": "x" * 201}, {"name": 7}, {"name": "a\0b"},
        {"name": "a\nb"}, {"name": "x", "owner": "me"}, [], "x", None,
    ],
)  # fmt: skip
def test_names_that_cannot_be(idle: RunningServer, body: Any) -> None:
    response = idle.http.post(PATH, json=body)
    assert response.status_code == 422, response.text
    told = response.json()
    assert told["code"] == "invalid_request"
    assert told["errors"][0]["field"].startswith("body")


@pytest.mark.parametrize("method", ["GET", "PATCH", "DELETE"])
def test_a_collection_that_does_not_exist(idle: RunningServer, method: str) -> None:
    body = {"name": "x"} if method == "PATCH" else None
    response = idle.http.request(method, f"{PATH}/999999", json=body)
    assert (response.status_code, response.json()["code"]) == (404, "not_found")
