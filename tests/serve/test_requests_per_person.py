"""One person's requests are worked on by turns: so many at once, so many waiting."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing

import httpx
import pytest

from serve.held_open import MOST_STREAMS
from serve.scripted.replies import Reply
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import Town, problem
from tests.fixtures.scripted_llm import scripted_llm
from tests.fixtures.turns import nothing_written, waiting
from tests.fixtures.waiting import until

AT_ONCE, WAITING = 2, 3
QUESTION = {"question": "When does the lighthouse open?"}

Sent = Callable[[httpx.Client], "Future[httpx.Response]"]


@pytest.fixture(scope="module")
def site(module_server: ServerFactory) -> RunningServer:
    settings = {"REQUESTS_PER_PERSON": str(AT_ONCE), "REQUESTS_QUEUE": str(WAITING)}
    return module_server(WORKERS="0", **settings)


@pytest.fixture(scope="module")
def town(site: RunningServer) -> Iterator[Town]:
    with closing(Town(site)) as town:
        yield town


@pytest.fixture
def sent() -> Iterator[Sent]:
    """Sends requests that wait to write what is not there, each from a thread of its own.

    They have no body: while one is awaited, its request holds no turn.
    """
    with ThreadPoolExecutor(40) as pool:

        def send(http: httpx.Client) -> Future[httpx.Response]:
            return pool.submit(http.delete, "/api/v1/conversations/1")

        yield send


def reads(http: httpx.Client) -> bool:
    """Whether a request that writes nothing is answered soon."""
    try:
        return http.get("/api/v1/me", timeout=2).status_code == 200
    except httpx.ReadTimeout:
        return False


def test_as_many_as_may_be_are_worked_on_and_the_next_one_waits(
    site: RunningServer, town: Town, sent: Sent
) -> None:
    person = town.person("At work")
    until(lambda: reads(person))
    with nothing_written(site):
        replies = [sent(person) for _ in range(AT_ONCE - 1)]
        until(lambda: reads(person))
        replies.append(sent(person))
        until(lambda: not reads(person))
        until(lambda: waiting(site) == 0)
        replies.append(sent(person))
        until(lambda: waiting(site) == 1)
    assert [reply.result().status_code for reply in replies] == [404] * (AT_ONCE + 1)
    until(lambda: reads(person))
    assert waiting(site) == 0


def test_a_persons_keys_and_sessions_count_together_and_others_go_on(
    site: RunningServer, town: Town, sent: Sent
) -> None:
    person, other = town.person("With a key"), town.person("Other")
    key = town.key(person, "ask", "search")
    until(lambda: reads(key))
    until(lambda: reads(other))
    with nothing_written(site):
        replies = [sent(person) for _ in range(AT_ONCE)]
        until(lambda: not reads(key))
        until(lambda: reads(other))
        until(lambda: reads(site.http))
    assert [reply.result().status_code for reply in replies] == [404] * AT_ONCE


def test_as_many_as_may_wait_do_and_the_next_one_is_refused(
    server: ServerFactory, sent: Sent
) -> None:
    # Nobody else asks here, so that all turns are the person's.
    most = {"REQUESTS_PER_PERSON": str(AT_ONCE), "REQUESTS_QUEUE": str(WAITING)}
    site = server(WORKERS="0", **most)
    with closing(Town(site)) as town:
        person = town.person("Many")
        until(lambda: reads(person))
        with nothing_written(site):
            replies = [sent(person) for _ in range(AT_ONCE + WAITING + 1)]
            until(lambda: any(reply.done() for reply in replies))
            refused = next(reply for reply in replies if reply.done()).result()
            told = problem(refused, 429, "too_many_requests")
            assert told["advice"]
            assert int(refused.headers["Retry-After"]) == told["retry_after"] > 0
            door = person.get("/v1/models")
            assert door.status_code == 429
            assert door.json()["error"]["code"] == "too_many_requests"
        statuses = sorted(reply.result().status_code for reply in replies)
        assert statuses == [404] * (AT_ONCE + WAITING) + [429]


def test_what_comes_with_a_key_that_is_deleted_is_not_counted_as_its_persons(
    server: ServerFactory,
) -> None:
    most = 20
    site = server(WORKERS="0", REQUESTS_PER_MINUTE=str(most))
    with closing(Town(site)) as town:
        person = town.person("Robbed")
        key = town.key(person)
        until(lambda: reads(key))
        (kept,) = person.get("/api/v1/keys").json()["items"]
        assert person.delete(f"/api/v1/keys/{kept['id']}").status_code == 204
        assert {key.get("/api/v1/me").status_code for _ in range(2 * most)} == {401}
        assert person.get("/api/v1/me").status_code == 200


def test_who_sends_more_than_may_come_in_a_minute_is_refused(
    server: ServerFactory,
) -> None:
    site = server(WORKERS="0", REQUESTS_PER_MINUTE="20")
    with closing(Town(site)) as town:
        person, other = town.person("Often"), town.person("Seldom")
        key = town.key(person, "search")
        replies = [http.get("/api/v1/me") for http in (person, key) * 20]
        assert [reply.status_code for reply in replies[:10]] == [200] * 10
        first_of_key = next(reply for reply in replies[1::2] if reply.status_code == 429)
        refused = problem(first_of_key, 429, "too_many_requests")
        assert "minute" in refused["detail"]
        assert refused["retry_after"] >= 1
        assert other.get("/api/v1/me").status_code == 200
        assert {site.http.get("/api/v1/me").status_code for _ in range(30)} == {200}


def test_who_goes_away_leaves_the_queue(site: RunningServer, town: Town, sent: Sent) -> None:
    person = town.person("Gone")
    until(lambda: reads(person))
    with nothing_written(site):
        replies = [sent(person) for _ in range(AT_ONCE)]
        until(lambda: not reads(person))
        for _ in range(3 * WAITING):
            with pytest.raises(httpx.ReadTimeout):
                person.get("/api/v1/me", timeout=0.3)
            until(lambda: waiting(site) == 0)
    assert [reply.result().status_code for reply in replies] == [404] * AT_ONCE


def test_a_slow_upload_leaves_its_turn_to_other_requests(site: RunningServer, town: Town) -> None:
    person = town.key(town.person("Slow"), "ingest", "search", "ask")
    until(lambda: reads(person))
    head = (
        "POST /api/v1/documents HTTP/1.1\r\nHost: localhost\r\n"
        f"Authorization: {person.headers['Authorization']}\r\n"
        "Content-Type: multipart/form-data; boundary=edge\r\nContent-Length: 100000\r\n\r\n"
        '--edge\r\nContent-Disposition: form-data; name="file"; filename="a.txt"\r\n\r\n'
    )
    address = (httpx.URL(site.url).host, httpx.URL(site.url).port or 0)
    uploads = [socket.create_connection(address) for _ in range(2 * AT_ONCE)]
    try:
        for upload in uploads:
            upload.sendall(head.encode() + b"The lighthouse")
        until(lambda: reads(person))
        for upload in uploads:
            upload.sendall(b" opens in May.")
        until(lambda: reads(person))
    finally:
        for upload in uploads:
            upload.close()


def test_streams_of_jobs_hold_no_turn(site: RunningServer, town: Town) -> None:
    person = town.person("Watching")
    with (
        ThreadPoolExecutor(1),
        httpx.Client(
            base_url=site.url, cookies=person.cookies, headers=person.headers, timeout=20
        ) as http,
    ):
        streams = [http.stream("GET", "/api/v1/jobs/events") for _ in range(2 * AT_ONCE)]
        entered = [stream.__enter__() for stream in streams]
        assert [stream.status_code for stream in entered] == [200] * len(streams)
        until(lambda: reads(person))
        for stream in streams:
            stream.__exit__(None, None, None)


def test_the_next_stream_of_a_person_is_refused_until_one_is_closed(
    site: RunningServer, town: Town
) -> None:
    person = town.person("Many pages")
    with ExitStack() as open_streams:

        def opened(stack: ExitStack) -> int:
            stream = person.stream("GET", "/api/v1/jobs/events", timeout=30)
            return stack.enter_context(stream).status_code

        with ExitStack() as last:
            statuses = [opened(open_streams) for _ in range(MOST_STREAMS - 1)] + [opened(last)]
            assert statuses == [200] * MOST_STREAMS
            refused = person.get("/api/v1/jobs/events")
            assert problem(refused, 429, "too_many_requests")["advice"]
            until(lambda: reads(person))
        until(lambda: opened(open_streams) == 200)


def test_answers_that_wait_for_the_model_hold_no_turn(server: ServerFactory) -> None:
    with scripted_llm() as llm:
        running = server(LLM_URL=llm.url, REQUESTS_PER_PERSON=str(AT_ONCE))
        running.ingest({"a.txt": b"The lighthouse opens in May."})
        until(lambda: running.http.get("/api/v1/status").json()["llm"]["writes"])
        llm.server.script = lambda _: Reply("never", first_seconds=600)
        with closing(Town(running)) as town, ThreadPoolExecutor(9) as pool:
            person = town.person("Asking")
            collection = running.http.get("/api/v1/collections").json()["items"][0]["id"]
            town.granted(collection, person, "reader")
            plain = {"model": "plain", "messages": [{"role": "user", "content": "Hello"}]}
            whole = "/api/v1/chat?stream=false"
            waiting = [pool.submit(person.post, whole, json=QUESTION) for _ in range(AT_ONCE)]
            waiting += [pool.submit(person.post, "/v1/chat/completions", json=plain)]
            until(lambda: questions_of(running) == AT_ONCE + 1)
            until(lambda: reads(person))
            running.stop()


def questions_of(running: RunningServer) -> int:
    status = running.http.get("/metrics").text
    lines = [line for line in status.splitlines() if line.startswith("cloister_questions{")]
    return int(sum(float(line.split()[-1]) for line in lines))
