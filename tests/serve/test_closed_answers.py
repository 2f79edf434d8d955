"""Old answers whose document is there, but not for their reader any more: withheld whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from serve.scripted.replies import Reply, question_of, quoting
from tests.conftest import ServerFactory
from tests.fixtures.people import Town
from tests.fixtures.scripted_llm import ScriptedLlm, scripted_llm
from tests.fixtures.waiting import until

PROSE = "quokkadromia"
QUOTED = "The budget of the harbour is nine thousand euros"
QUESTION = "What is the budget of the harbour?"
SENTENCE = "This answer is withheld"
LIGHTHOUSES = "".join(
    f"# Year {year}\n\n{12 * 'The lighthouse of Marseille is ninety metres tall. '}\n\n"
    f"# Weather of {year}\n\n{60 * 'It rained in spring, and in winter there was snow. '}\n\n"
    for year in range(1900, 1912)
)
"""More passages about one thing than an answer is written from, among others."""


def telling(body: dict[str, Any]) -> Reply:
    """A quote, and a word of the model's own beside it; a question stands alone as it is."""
    if "Write JSON" in body["messages"][-1]["content"]:
        return Reply(json.dumps({"q": question_of(body)}))
    reply = quoting(body)
    return Reply(f"It is about {PROSE}. {reply.text}") if "<q" in reply.text else reply


@pytest.fixture(scope="module")
def llm() -> Iterator[ScriptedLlm]:
    with scripted_llm(telling) as running:
        yield running


@pytest.fixture(scope="module")
def town(llm: ScriptedLlm, module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(LLM_URL=llm.url))
    until(lambda: made.operator.get("/api/v1/status").json()["llm"]["writes"])
    yield made
    made.close()


class Told:
    """A person with an answer about a document of a collection of its own."""

    def __init__(self, town: Town, name: str) -> None:
        self.town, self.name = town, name
        self.collection: int = town.server.collection(name)["id"]
        text = f"{QUOTED}. {name}."
        [self.document] = town.server.ingest({"plan.txt": text.encode()}, name)
        self.reader: httpx.Client = town.person(name)
        town.granted(self.collection, self.reader, "reader")
        self.conversation = self.reader.post("/api/v1/conversations", json={}).json()["id"]
        answer = self.ask(QUESTION)
        assert PROSE in answer["answer"]
        assert answer["citations"]
        self.turn = answer["turn_id"]

    def ask(self, question: str) -> dict[str, Any]:
        path = f"/api/v1/conversations/{self.conversation}/turns?stream=false"
        done = self.reader.post(path, json={"question": question})
        assert done.status_code == 200, done.text
        answer: dict[str, Any] = done.json()
        return answer

    def ask_of_another(self, conversation: int) -> dict[str, Any]:
        """An answer from other documents, whatever the conversation had before."""
        path = f"/api/v1/conversations/{conversation}/turns?stream=false"
        asked = {"question": "How tall is the lighthouse of Marseille?"}
        answer: dict[str, Any] = self.reader.post(path, json=asked).json()
        assert PROSE in answer["answer"]
        assert self.document not in {each["document_id"] for each in answer["hits"]}
        return answer

    def restrict(self, readers: list[dict[str, str]] | None) -> None:
        path = f"/api/v1/documents/{self.document}/readers"
        assert self.town.operator.put(path, json={"readers": readers}).status_code == 200

    def shown(self) -> dict[str, Any]:
        told = self.reader.get(f"/api/v1/conversations/{self.conversation}").json()
        turn: dict[str, Any] = told["turns"][0]
        return turn

    def everywhere(self) -> str:
        """All that one is told of the conversation."""
        path = f"/api/v1/conversations/{self.conversation}"
        paths = [path, f"{path}/export", f"{path}/export?format=json"]
        paths += [f"/api/v1/turns/{self.turn}/trace"]
        return "".join(self.reader.get(each).text for each in paths)

    def found(self, words: str) -> bool:
        items = self.reader.get("/api/v1/conversations", params={"q": words}).json()["items"]
        return bool(items)


@pytest.fixture
def told(town: Town, request: pytest.FixtureRequest) -> Told:
    return Told(town, request.node.name)


def test_nothing_of_it_is_shown_anywhere(told: Told) -> None:
    assert PROSE in told.everywhere()
    told.restrict([])
    everywhere = told.everywhere()
    assert (PROSE in everywhere, QUOTED in everywhere) == (False, False)
    assert everywhere.count(SENTENCE) == 3
    turn = told.shown()
    assert (turn["closed"], turn["withheld"], turn["citations"]) == (True, True, [])
    assert turn["question"] == QUESTION


def test_it_is_found_by_the_question_alone(told: Told) -> None:
    assert told.found(PROSE)
    told.restrict([])
    assert not told.found(PROSE)
    assert not told.found("nine thousand")
    assert told.found("budget harbour")


def test_no_model_is_told_of_it_again(told: Told, llm: ScriptedLlm) -> None:
    llm.server.requests.clear()
    told.ask("And who says so?")
    assert PROSE in json.dumps(llm.server.requests)
    told.restrict([])
    llm.server.requests.clear()
    told.ask("And who else says so?")
    assert PROSE not in json.dumps(llm.server.requests)


def test_later_answers_that_had_it_before_them_are_withheld_too(told: Told) -> None:
    told.town.server.ingest({"lighthouses.md": LIGHTHOUSES.encode()}, told.name)
    told.ask_of_another(told.conversation)
    apart = told.reader.post("/api/v1/conversations", json={}).json()["id"]
    told.ask_of_another(apart)
    told.restrict([])
    assert PROSE not in told.everywhere()
    assert PROSE in told.reader.get(f"/api/v1/conversations/{apart}").text
    told.ask_of_another(told.conversation)
    shown = told.reader.get(f"/api/v1/conversations/{told.conversation}").json()["turns"]
    assert [turn["closed"] for turn in shown] == [True, True, False]
    told.restrict(None)
    assert told.everywhere().count(PROSE) > 4


def test_an_answer_that_continues_one_is_withheld_with_it(
    told: Told, town: Town, llm: ScriptedLlm
) -> None:
    made = told.reader.post("/api/v1/conversations", json={}).json()["id"]
    path = f"/api/v1/conversations/{made}"
    llm.server.script = lambda _: Reply(f"It is about {PROSE}, and so on.", fault="end", after=9)
    asked = {"question": QUESTION, "k": 1, "collections": [told.collection]}
    told.reader.post(f"{path}/turns", json=asked)
    llm.server.script = telling
    [cut] = told.reader.get(path).json()["turns"]
    assert PROSE in cut["answer"]
    [newer] = town.server.ingest({"newer.txt": f"{QUESTION} {QUOTED}.".encode()}, told.name)
    rest = told.reader.post(f"/api/v1/turns/{cut['id']}/continue?stream=false").json()
    assert [each["document_id"] for each in rest["hits"]] == [newer]
    told.restrict([])
    [again] = told.reader.get(path).json()["turns"]
    assert (again["id"], again["closed"]) == (rest["turn_id"], True)
    assert PROSE not in told.reader.get(path).text


def test_with_the_right_it_comes_back(told: Told) -> None:
    before = told.shown()
    told.restrict([])
    told.restrict([{"person": told.name}])
    assert told.shown() == before


def test_of_a_deleted_document_only_the_quotes_go(told: Told) -> None:
    assert told.town.operator.delete(f"/api/v1/documents/{told.document}").status_code == 204
    turn = told.shown()
    assert (turn["closed"], turn["withheld"]) == (False, True)
    assert PROSE in turn["answer"]
    assert QUOTED not in told.everywhere()


def deleted(told: Told) -> None:
    path = f"/api/v1/documents/{told.document}"
    assert told.town.operator.delete(path).status_code == 204


def replaced(told: Told) -> None:
    told.town.server.ingest({"plan.txt": b"It was all different."}, told.name)
    path = f"/api/v1/documents/{told.document}"
    assert told.town.operator.get(path).status_code == 404


def deleted_with_its_collection(told: Told) -> None:
    path = f"/api/v1/collections/{told.collection}"
    assert told.town.operator.delete(path).status_code == 204


DELETIONS = [deleted, replaced, deleted_with_its_collection]


@pytest.mark.parametrize("delete", DELETIONS)
def test_what_was_closed_stays_so_when_its_document_is_deleted(
    told: Told, delete: Callable[[Told], None]
) -> None:
    told.restrict([])
    delete(told)
    assert PROSE not in told.everywhere()
    assert told.shown()["closed"]
    assert not told.found(PROSE)


@pytest.mark.parametrize("delete", DELETIONS)
def test_and_when_the_collection_was_taken_away_before(
    told: Told, delete: Callable[[Told], None]
) -> None:
    person = told.town.id_of(told.reader)
    path = f"/api/v1/collections/{told.collection}/grants?person_id={person}"
    assert told.town.operator.delete(path).status_code == 204
    delete(told)
    assert PROSE not in told.everywhere()


@pytest.mark.parametrize("delete", DELETIONS)
def test_it_stays_open_to_who_could_read_to_the_end(
    told: Told, delete: Callable[[Told], None]
) -> None:
    told.restrict([{"person": told.name}])
    delete(told)
    assert PROSE in told.shown()["answer"]
    assert QUOTED not in told.everywhere()


def test_a_collection_that_is_taken_away_closes_its_answers(told: Told) -> None:
    person = told.town.id_of(told.reader)
    path = f"/api/v1/collections/{told.collection}/grants?person_id={person}"
    assert told.town.operator.delete(path).status_code == 204
    assert PROSE not in told.everywhere()
