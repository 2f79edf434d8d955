"""Nobody chooses the address that guesses are counted by and the audit log shows."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from serve.people.throttle import MOST_PER_ADDRESS
from tests.conftest import operator_of
from tests.deployment.test_server_on_a_socket import server_on
from tests.fixtures.people import browser

if TYPE_CHECKING:
    from tests.conftest import ServerFactory

SIGN_IN = "/api/v1/auth/login"


def refused(http: httpx.Client, number: int, forwarded: list[str]) -> int:
    """The status of a wrong password for a name that was not tried before."""
    body = {"name": f"Nobody {number}", "password": "wrong"}
    headers = [("X-Forwarded-For", each) for each in forwarded]
    return http.post(SIGN_IN, json=body, headers=headers).status_code


def addresses(http: httpx.Client) -> set[str]:
    """Where those who failed to sign in came from, by the audit log."""
    found = http.get("/api/v1/audit", params={"act": "sign_in.failed", "limit": 100})
    assert found.status_code == 200, found.text
    items = found.json()["items"]
    assert items
    return {each["address"] for each in items}


def test_by_tcp_nobody_chooses_it(server: ServerFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    # The web server's own variable, which would let everybody choose.
    monkeypatch.setenv("FORWARDED_ALLOW_IPS", "*")
    running = server(WORKERS="0")
    with browser(running) as http:
        statuses = [refused(http, n, [f"192.0.2.{n}"]) for n in range(MOST_PER_ADDRESS + 1)]
    assert statuses == [401] * MOST_PER_ADDRESS + [429]
    assert addresses(running.http) == {"127.0.0.1"}


def test_behind_a_socket_the_proxy_tells_it(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    transport = httpx.HTTPTransport(uds=str(path))
    with (
        server_on(path, tmp_path / "data", WORKERS="0"),
        httpx.Client(transport=transport, base_url="http://localhost", timeout=60) as http,
    ):
        # What a client claims stands before what the proxy adds, in one header or in two.
        statuses = [
            refused(http, n, [f"192.0.2.{n}, 198.51.100.1"]) for n in range(MOST_PER_ADDRESS + 1)
        ]
        assert statuses == [401] * MOST_PER_ADDRESS + [429]
        assert refused(http, 100, ["198.51.100.1", "198.51.100.2"]) == 401
        http.headers.update(operator_of(tmp_path / "data"))
        assert addresses(http) == {"198.51.100.1", "198.51.100.2"}
