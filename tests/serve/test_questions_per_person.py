"""One person's questions leave room for those of others."""

from __future__ import annotations

from contextlib import ExitStack

import httpx

from serve.scripted.replies import Reply
from tests.conftest import ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.waiting import until

QUESTION = {"question": "When does the lighthouse open?"}


def test_the_next_question_of_a_person_is_refused_and_not_that_of_another(
    server: ServerFactory,
) -> None:
    with scripted_llm() as llm, ExitStack() as open_streams:
        running = server(LLM_URL=llm.url, LLM_PER_PERSON="2")
        running.ingest({"a.txt": b"The lighthouse opens in May."})
        until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"])
        llm.server.script = lambda _: Reply("never", first_seconds=600)
        town = Town(running)
        collection = running.http.get("/api/v1/collections").json()["items"][0]["id"]
        eager, other = town.person("Eager"), town.person("Other")
        for person in (eager, other):
            town.granted(collection, person, "reader")

        def asked(person: httpx.Client) -> int:
            stream = person.stream("POST", "/api/v1/chat", json=QUESTION)
            return open_streams.enter_context(stream).status_code

        assert [asked(eager), asked(eager)] == [200, 200]
        refused = eager.post("/api/v1/chat", json=QUESTION)
        assert problem(refused, 429, "too_many_questions")["retry_after"] > 0
        assert int(refused.headers["Retry-After"]) > 0
        assert asked(other) == 200
        open_streams.close()
        town.close()
