"""A provider that fails, lingers or hangs costs nobody but those who need it."""

from __future__ import annotations

import socket
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest

from serve.oidc.errors import OidcUnavailable
from serve.oidc.offer import Json, Offer
from tests.conftest import operator_of
from tests.deployment.test_server_on_a_socket import server_on
from tests.fixtures.waiting import until


class Source:
    """Something to read whose outcomes a test sets; it can be held."""

    def __init__(self) -> None:
        self.reads = 0
        self.told: Json | None = {"issuer": "one"}
        self.going_on = threading.Event()
        self.going_on.set()

    def read(self) -> Json:
        self.reads += 1
        self.going_on.wait(20)
        if self.told is None:
            raise OidcUnavailable("The provider does not answer.", advice="Wait.")
        return self.told


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def source() -> Source:
    return Source()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def offer(source: Source, clock: Clock) -> Offer:
    return Offer(source.read, clock)


def refused(offer: Offer) -> None:
    with pytest.raises(OidcUnavailable, match="does not answer") as error:
        offer.current()
    assert error.value.advice == "Wait."


def test_it_is_asked_for_once_an_hour(offer: Offer, source: Source, clock: Clock) -> None:
    for _ in range(3):
        assert offer.current() == {"issuer": "one"}
    source.told = {"issuer": "two"}
    clock.now += 3_601
    assert offer.current() == {"issuer": "two"}
    assert source.reads == 2


def test_many_who_come_first_ask_once(offer: Offer, source: Source) -> None:
    source.going_on.clear()
    with ThreadPoolExecutor(10) as pool:
        found = [pool.submit(offer.current) for _ in range(10)]
        until(lambda: source.reads == 1)
        source.going_on.set()
    assert [each.result() for each in found] == [{"issuer": "one"}] * 10
    assert source.reads == 1


def test_a_failure_is_remembered_for_seconds(offer: Offer, source: Source, clock: Clock) -> None:
    source.told = None
    for _ in range(3):
        refused(offer)
    assert source.reads == 1
    source.told = {"issuer": "back"}
    clock.now += 11
    assert offer.current() == {"issuer": "back"}


@pytest.mark.parametrize("before", [{"issuer": "one"}, None])
def test_while_one_asks_again_the_others_go_on(
    offer: Offer, source: Source, clock: Clock, before: Json | None
) -> None:
    def outcome() -> Json | None:
        try:
            return offer.current()
        except OidcUnavailable:
            return None

    source.told = before
    assert outcome() == before
    clock.now += 3_601
    source.told = {"issuer": "new"}
    source.going_on.clear()
    with ThreadPoolExecutor(1) as pool:
        asking = pool.submit(offer.current)
        until(lambda: source.reads == 2)
        assert outcome() == before
        source.going_on.set()
        assert asking.result() == {"issuer": "new"}


def test_what_was_told_counts_while_the_provider_is_away(
    offer: Offer, source: Source, clock: Clock
) -> None:
    offer.current()
    source.told = None
    clock.now += 3_601
    for _ in range(3):
        assert offer.current() == {"issuer": "one"}
    assert source.reads == 2


def test_a_provider_that_hangs_stops_nobody_else(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with socket.create_server(("127.0.0.1", 0), backlog=100) as silent:
        issuer = f"http://127.0.0.1:{silent.getsockname()[1]}"
        settings = {"OIDC_ISSUER": issuer, "OIDC_CLIENT_ID": "c", "WORKERS": "0"}

        def client(**headers: str) -> httpx.Client:
            transport = httpx.HTTPTransport(uds=str(path))
            return httpx.Client(
                transport=transport, base_url="http://localhost", timeout=60, headers=headers
            )

        def begun(number: int) -> int:
            with client(**{"X-Forwarded-For": f"192.0.2.{number}"}) as http:
                return http.get("/api/v1/auth/oidc").status_code

        with (
            server_on(path, tmp_path / "data", **settings),
            client(**operator_of(tmp_path / "data")) as known,
            ThreadPoolExecutor(61) as pool,
        ):
            started = [pool.submit(begun, number) for number in range(60)]
            connection, _ = silent.accept()
            with closing(connection):
                # In the ten seconds for which a signed-in person would have waited for it.
                answer = pool.submit(known.get, "/api/v1/me")
                assert answer.result(9).status_code == 200
                assert not any(each.done() for each in started)
            silent.close()
            assert {each.result() for each in started} == {502}
