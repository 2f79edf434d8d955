"""How much people and collections may keep: N is taken, N+1 is refused, and a delete gives back."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from itertools import count
from typing import Any

import httpx
import pytest

from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.waiting import until

_numbers = count()


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


def settle(town: Town) -> None:
    """Return when nothing is on its way in any more."""
    until(lambda: town.operator.get("/api/v1/status").json()["active_jobs"] == 0, 180)


class Shelf:
    """A collection with a writer of its own."""

    def __init__(self, town: Town) -> None:
        self.town, number = town, next(_numbers)
        self.name = f"shelf {number}"
        self.id: int = town.server.collection(self.name)["id"]
        self.writer = town.person(f"Writer {number}")
        self.person_id = town.id_of(self.writer)
        town.granted(self.id, self.writer, "writer")

    def limit(self, what: str, **numbers: int | None) -> dict[str, Any]:
        number = self.person_id if what == "people" else self.id
        done = self.town.operator.put(f"/api/v1/{what}/{number}/quota", json=numbers)
        assert done.status_code == 200, done.text
        found: dict[str, Any] = done.json()
        return found

    def upload(
        self, *files: tuple[str, str], by: httpx.Client | None = None
    ) -> list[dict[str, Any]]:
        parts = [("file", (name, text.encode())) for name, text in files]
        http = by or self.writer
        done = http.post("/api/v1/documents", files=parts, data={"collection": self.name})
        assert done.status_code == 202, done.text
        items: list[dict[str, Any]] = done.json()["items"]
        return items

    def used(self, what: str = "people") -> tuple[int, int]:
        number = self.person_id if what == "people" else self.id
        told = self.town.operator.get(f"/api/v1/{what}/{number}/quota").json()
        return told["used_bytes"], told["used_documents"]

    def names(self) -> list[str]:
        items = self.town.operator.get(f"/api/v1/documents?collection={self.name}").json()["items"]
        return sorted(each["name"] for each in items)


@pytest.fixture
def shelf(town: Town) -> Shelf:
    return Shelf(town)


def code(item: dict[str, Any]) -> str | None:
    return item["error"]["code"] if item["error"] else None


@pytest.mark.parametrize("what", ["people", "collections"])
def test_so_many_documents_and_not_one_more(shelf: Shelf, what: str) -> None:
    shelf.limit(what, documents=2)
    refused = {"people": "person", "collections": "collection"}[what] + "_quota_exceeded"
    items = shelf.upload(*((f"{n}.txt", f"Text {n}.") for n in range(3)))
    assert [code(each) for each in items] == [None, None, refused]
    assert items[2]["error"]["status"] == 413
    assert "none of 2 is left" in items[2]["error"]["detail"]
    assert shelf.names() == ["0.txt", "1.txt"]


@pytest.mark.parametrize("what", ["people", "collections"])
def test_so_many_bytes_and_not_one_more(shelf: Shelf, what: str) -> None:
    shelf.limit(what, bytes=100)
    refused = {"people": "person", "collections": "collection"}[what] + "_quota_exceeded"
    items = shelf.upload(("a.txt", "a" * 60), ("b.txt", "b" * 41), ("c.txt", "c" * 40))
    assert [code(each) for each in items] == [None, refused, None]
    assert "of 100 bytes 40 are left, and it has 41" in items[1]["error"]["detail"]
    assert shelf.used(what) == (100, 2)


def test_nothing_is_kept_of_a_refused_file(shelf: Shelf) -> None:
    shelf.limit("people", documents=0)
    before = set(originals(shelf.town.server))
    [item] = shelf.upload(("a.txt", "Nowhere is this kept."))
    assert code(item) == "person_quota_exceeded"
    assert shelf.used() == (0, 0)
    assert set(originals(shelf.town.server)) == before


def originals(server: RunningServer) -> list[str]:
    return [each.name for each in (server.data / "originals").rglob("*") if each.is_file()]


def test_a_delete_gives_back(shelf: Shelf) -> None:
    shelf.limit("people", documents=1)
    [first] = shelf.upload(("a.txt", "The first."))
    assert code(shelf.upload(("b.txt", "The second."))[0]) == "person_quota_exceeded"
    gone = shelf.writer.delete(f"/api/v1/documents/{first['document_id']}")
    assert gone.status_code == 204
    assert code(shelf.upload(("b.txt", "The second."))[0]) is None


def test_a_new_version_counts_in_the_place_of_the_one_before(shelf: Shelf) -> None:
    shelf.limit("people", documents=1, bytes=20)
    shelf.upload(("a.txt", "a" * 20))
    settle(shelf.town)
    assert code(shelf.upload(("a.txt", "b" * 21))[0]) == "person_quota_exceeded"
    assert code(shelf.upload(("a.txt", "b" * 20))[0]) is None
    settle(shelf.town)
    assert shelf.used() == (20, 1)


def test_the_same_content_again_counts_once(shelf: Shelf) -> None:
    shelf.limit("people", documents=1)
    shelf.upload(("a.txt", "The same."))
    [again] = shelf.upload(("b.txt", "The same."))
    assert (code(again), again["duplicate"]) == (None, True)


def test_uploads_side_by_side_are_counted_one_after_the_other(shelf: Shelf) -> None:
    shelf.limit("people", documents=3)
    with ThreadPoolExecutor(8) as pool:
        texts = [f"Side by side {n}." for n in range(12)]
        done = list(pool.map(lambda text: shelf.upload((text, text))[0], texts))
    assert [code(each) for each in done].count(None) == 3
    assert shelf.used()[1] == 3


def test_each_pays_for_their_own(town: Town, shelf: Shelf) -> None:
    other = Shelf(town)
    town.granted(shelf.id, other.writer, "writer")
    shelf.limit("people", documents=1)
    assert (
        code(
            shelf.upload(
                (
                    "a.txt",
                    "One.",
                ),
                by=other.writer,
            )[0]
        )
        is None
    )
    assert code(shelf.upload(("b.txt", "Two."))[0]) is None
    assert code(shelf.upload(("c.txt", "Three."))[0]) == "person_quota_exceeded"
    assert code(shelf.upload(("c.txt", "Three."), by=town.operator)[0]) is None


def test_the_other_door_refuses_too(town: Town, shelf: Shelf) -> None:
    shelf.limit("people", documents=1)
    shelf.upload(("a.txt", "One."))
    refused = shelf.writer.post(
        "/v1/files", files={"file": ("b.txt", b"Two.")}, data={"collection": shelf.name}
    )
    assert (refused.status_code, refused.json()["error"]["code"]) == (413, "person_quota_exceeded")
    other = town.server.collection(f"{shelf.name} b")["id"]
    town.granted(other, shelf.writer, "writer")
    file = shelf.writer.get("/v1/files").json()["data"][0]["id"]
    path = f"/v1/vector_stores/vs_{other}/files"
    copied = shelf.writer.post(path, json={"file_id": file})
    assert (copied.status_code, copied.json()["error"]["code"]) == (413, "person_quota_exceeded")


def test_a_quota_is_shown_to_whom_it_concerns(town: Town, shelf: Shelf) -> None:
    assert shelf.writer.get("/api/v1/me").json()["quota"] is None
    shelf.limit("people", documents=5)
    shelf.limit("collections", bytes=1_000)
    shelf.upload(("a.txt", "x" * 10))
    mine = {"bytes": None, "documents": 5, "used_bytes": 10, "used_documents": 1}
    assert shelf.writer.get("/api/v1/me").json()["quota"] == mine
    of_shelf = {"bytes": 1_000, "documents": None, "used_bytes": 10, "used_documents": 1}
    path = f"/api/v1/collections/{shelf.id}"
    assert town.operator.get(path).json()["quota"] == of_shelf
    assert shelf.writer.get(path).json()["quota"] is None
    problem(shelf.writer.get(f"{path}/quota"), 403, "not_allowed")
    listed = shelf.writer.get("/api/v1/collections").json()["items"]
    assert [each["quota"] for each in listed] == [None]
    everything = {
        each["id"]: each for each in town.operator.get("/api/v1/collections").json()["items"]
    }
    assert everything[shelf.id]["quota"] == of_shelf
    town.granted(shelf.id, shelf.writer, "manager")
    assert shelf.writer.get(path).json()["quota"] == of_shelf
    problem(shelf.writer.put(f"{path}/quota", json={}), 403, "not_allowed")


def test_what_an_administrator_says_is_recorded(town: Town, shelf: Shelf) -> None:
    told = shelf.limit("people", documents=5)
    assert (told["documents"], told["set_documents"], told["set_bytes"]) == (5, 5, None)
    lifted = shelf.limit("people")
    assert (lifted["documents"], lifted["set_documents"]) == (None, None)
    query = {"act": "quota.set", "subject": f"person:{shelf.person_id}"}
    records = town.operator.get("/api/v1/audit", params=query).json()["items"]
    assert [each["details"] for each in records] == [
        {"bytes": None, "documents": None},
        {"bytes": None, "documents": 5},
    ]


@pytest.mark.parametrize("numbers", [{"bytes": -1}, {"documents": 1.5}, {"files": 1}])
def test_what_is_no_quota_is_refused(shelf: Shelf, numbers: dict[str, float]) -> None:
    refused = shelf.town.operator.put(f"/api/v1/people/{shelf.person_id}/quota", json=numbers)
    problem(refused, 422, "invalid_request")


def test_settings_hold_for_everybody_who_has_nothing_else(server: ServerFactory) -> None:
    town = Town(server(WORKERS="0", PERSON_QUOTA_DOCUMENTS="1", COLLECTION_QUOTA_BYTES="1KiB"))
    shelf = Shelf(town)
    items = shelf.upload(("a.txt", "One."), ("b.txt", "Two."))
    assert [code(each) for each in items] == [None, "person_quota_exceeded"]
    shelf.limit("people", documents=3)
    assert code(shelf.upload(("b.txt", "Two."))[0]) is None
    assert code(shelf.upload(("c.txt", "c" * 1_024))[0]) == "collection_quota_exceeded"
    shelf.limit("collections", bytes=2_048)
    assert code(shelf.upload(("c.txt", "c" * 1_024))[0]) is None
    town.close()


def test_what_is_far_too_much_is_not_kept_while_it_comes(server: ServerFactory) -> None:
    town = Town(server(WORKERS="0", MAX_UPLOAD_BYTES="1000", PERSON_QUOTA_BYTES="1500"))
    with closing(town):
        shelf = Shelf(town)
        items = shelf.upload(*((f"{n}.txt", str(n) * 900) for n in range(5)))
        told = [each["error"] and each["error"]["detail"] for each in items]
        assert told[0] is None
        assert "600 are left" in str(told[1])
        assert {str(each) for each in told[2:]} == {
            "The upload holds more than you may keep: 1500 bytes."
        }
        assert {each["error"]["code"] for each in items[1:]} == {"person_quota_exceeded"}


def test_without_a_quota_an_upload_holds_so_much(server: ServerFactory) -> None:
    town = Town(server(WORKERS="0", MAX_UPLOAD_BYTES="100"))
    with closing(town):
        shelf = Shelf(town)
        files = [(f"{n}.txt", f"{n:0100}") for n in range(17)]
        items = shelf.upload(*files)
        assert [bool(each["error"]) for each in items] == [False] * 16 + [True]
        assert items[-1]["error"]["code"] == "too_many_files"
        assert not any(each["error"] for each in shelf.upload(*files, by=town.operator))
