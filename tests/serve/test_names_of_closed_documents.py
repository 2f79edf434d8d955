"""A name or a content that is taken by a document which the uploader may not see."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.conftest import ServerFactory
from tests.fixtures.people import Town
from tests.fixtures.waiting import until

CLOSED = b"The quokkadromia budget is nine thousand euros."


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="1"))
    yield made
    made.close()


def settle(town: Town) -> None:
    """Return when nothing is on its way in any more."""
    until(lambda: town.operator.get("/api/v1/status").json()["active_jobs"] == 0, 180)


class Cabinet:
    """A collection with a restricted ``plan.txt``, and who may and may not read it."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.id: int = town.server.collection(name)["id"]
        [self.closed] = town.server.ingest({"plan.txt": CLOSED}, name)
        self.reader, self.writer = town.person(f"{name} Rea"), town.person(f"{name} Wil")
        for person in (self.reader, self.writer):
            town.granted(self.id, person, "writer")
        body = {"readers": [{"person": f"{name} Rea"}]}
        done = town.operator.put(f"/api/v1/documents/{self.closed}/readers", json=body)
        assert done.status_code == 200, done.text

    def upload(
        self, http: httpx.Client, text: bytes, name: str = "plan.txt", path: str = "/v1/files"
    ) -> httpx.Response:
        file = {"file": (name, text)}
        done = http.post(path, files=file, data={"collection": self.name})
        settle(self.town)
        return done

    def texts(self, http: httpx.Client) -> list[str]:
        """The texts of all that somebody sees, in their order."""
        items = http.get(f"/api/v1/documents?collection={self.name}").json()["items"]
        assert all(each["state"] == "ready" for each in items)
        paths = [f"/api/v1/documents/{each['id']}/content" for each in items]
        return [http.get(each).text for each in paths]


@pytest.fixture
def cabinet(town: Town, request: pytest.FixtureRequest) -> Cabinet:
    return Cabinet(town, request.node.name)


def test_a_taken_name_is_told_to_nobody(cabinet: Cabinet) -> None:
    done = cabinet.upload(cabinet.writer, b"My own plan.")
    assert (done.status_code, done.json()["filename"]) == (200, "plan.txt")
    assert cabinet.texts(cabinet.writer) == ["My own plan."]
    assert cabinet.texts(cabinet.reader) == [CLOSED.decode(), "My own plan."]


def test_each_goes_on_with_their_own(cabinet: Cabinet) -> None:
    cabinet.upload(cabinet.writer, b"My own plan.")
    cabinet.upload(cabinet.writer, b"My own plan, again.")
    assert cabinet.texts(cabinet.writer) == ["My own plan, again."]
    assert cabinet.texts(cabinet.reader) == [CLOSED.decode(), "My own plan, again."]


def test_a_reader_goes_on_with_the_newest_that_they_see(cabinet: Cabinet) -> None:
    cabinet.upload(cabinet.reader, b"The budget is ten thousand.")
    assert cabinet.texts(cabinet.writer) == []
    assert cabinet.texts(cabinet.reader) == ["The budget is ten thousand."]


def test_a_known_content_under_a_taken_name_replaces_nothing(cabinet: Cabinet) -> None:
    cabinet.upload(cabinet.writer, b"An old page.", "page.txt")
    cabinet.upload(cabinet.writer, b"An old page.", "plan.txt")
    assert CLOSED.decode() in cabinet.texts(cabinet.reader)


@pytest.mark.parametrize("name", ["plan.txt", "other.txt"])
def test_a_closed_content_is_refused(cabinet: Cabinet, name: str) -> None:
    door = cabinet.upload(cabinet.writer, CLOSED, name)
    assert (door.status_code, door.json()["error"]["code"]) == (409, "closed_duplicate")
    [item] = cabinet.upload(cabinet.writer, CLOSED, name, "/api/v1/documents").json()["items"]
    assert (item["error"]["code"], item["document_id"]) == ("closed_duplicate", None)
    assert cabinet.texts(cabinet.reader) == [CLOSED.decode()]


def test_versions_are_restricted_together_and_others_stay(cabinet: Cabinet) -> None:
    cabinet.upload(cabinet.writer, b"My own plan.")
    opened = cabinet.town.operator.put(
        f"/api/v1/documents/{cabinet.closed}/readers", json={"readers": []}
    )
    assert opened.status_code == 200
    assert cabinet.texts(cabinet.writer) == ["My own plan."]
    assert cabinet.texts(cabinet.reader) == ["My own plan."]
