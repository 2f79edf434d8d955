from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from serve.errors import InvalidSetting
from serve.settings import load_settings
from tests.conftest import ROOT, cloister_environment, operator_of

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand


_LISTEN = "0A"


@contextmanager
def server_on(path: Path, data: Path, **settings: str) -> Iterator[subprocess.Popen[str]]:
    """A server on a UNIX socket, once it listens."""
    environment = cloister_environment(SOCKET=str(path), **settings)
    command = [sys.executable, "-m", "serve", "--data", str(data), "serve"]
    with (
        (path.parent / "server.log").open("w") as log,
        subprocess.Popen(
            command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, stderr=log, text=True
        ) as process,
    ):
        assert process.stdout is not None
        assert process.stdout.readline() == f"Cloister listens on unix:{path}\n"
        try:
            yield process
        finally:
            process.terminate()
            process.wait(30)


def asked(path: Path, host: str, **headers: str) -> httpx.Response:
    transport = httpx.HTTPTransport(uds=str(path))
    own = operator_of(path.parent / "data")
    with httpx.Client(
        transport=transport, base_url="http://localhost", headers=own, timeout=60
    ) as client:
        return client.post(
            "/api/v1/collections", json={"name": "x"}, headers={"Host": host} | headers
        )


def test_a_server_on_a_socket_alone(tmp_path: Path, cloister: CloisterCommand) -> None:
    path = tmp_path / "app.sock"
    with server_on(path, tmp_path / "data") as process:
        assert stat.S_IMODE(path.stat().st_mode) == 0o660
        assert listening_ports(process.pid) == []
        document = tmp_path / "notes.txt"
        document.write_text("The bridge opens in May.")
        # The command finds the socket by the lock of the data folder, and has the server ingest.
        assert cloister("ingest", str(document)).code == 0
        found = cloister("search", "bridge")
        assert found.code == 0
        assert "opens in May" in found.out
        refused = cloister("serve", SOCKET=str(path), data=tmp_path / "other")
        assert refused.code == 2
        assert "Another server" in refused.err
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0
    assert not path.exists()


def test_a_socket_left_by_a_killed_server_is_replaced(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with server_on(path, tmp_path / "data") as first:
        first.kill()
        first.wait()
    assert path.is_socket()
    with server_on(path, tmp_path / "data"):
        assert asked(path, "localhost").status_code == 201


def test_only_loopback_and_the_public_name_are_answered(tmp_path: Path) -> None:
    path = tmp_path / "app.sock"
    with server_on(path, tmp_path / "data", PUBLIC_HOST="Papers.example.org"):
        for host in (
            "elsewhere.example.org",
            "papers.example.org.evil.com",
            "papers.example.org:x",
        ):
            assert asked(path, host).json()["code"] == "host_not_allowed"
        own = {"Origin": "https://papers.example.org:8443"}
        assert asked(path, "PAPERS.example.org:8443", **own).json()["code"] == "origin_not_allowed"
        assert asked(path, "papers.example.org:8443", **own).status_code == 201
        foreign = {"Origin": "https://elsewhere.example.org"}
        assert asked(path, "papers.example.org", **foreign).json()["code"] == "origin_not_allowed"


def test_what_is_no_socket_is_not_replaced(tmp_path: Path, cloister: CloisterCommand) -> None:
    path = tmp_path / "kept.txt"
    path.write_text("kept")
    ran = cloister("serve", "--socket", str(path))
    assert ran.code == 2
    assert "CLOISTER_SOCKET" in ran.err
    assert path.read_text() == "kept"
    assert not (tmp_path / "data").exists()


def test_a_socket_in_no_folder(tmp_path: Path, cloister: CloisterCommand) -> None:
    ran = cloister("serve", "--socket", str(tmp_path / "none" / "app.sock"))
    assert ran.code == 2
    assert "No such file" in ran.err


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SOCKET", "x" * 108),
        ("PUBLIC_HOST", "https://papers.example.org"),
        ("PUBLIC_HOST", "papers.example.org:443"),
        ("PUBLIC_HOST", "a b"),
    ],
)
def test_values_that_cannot_be(name: str, value: str) -> None:
    with pytest.raises(InvalidSetting, match=f"CLOISTER_{name}"):
        load_settings({f"CLOISTER_{name}": value})


def listening_ports(pid: int) -> list[str]:
    """The TCP addresses that a process listens on."""
    inodes = set()
    for file in (Path("/proc") / str(pid) / "fd").iterdir():
        try:
            target = os.readlink(file)
        except FileNotFoundError:  # closed meanwhile
            continue
        if target.startswith("socket:["):
            inodes.add(target.removeprefix("socket:[").removesuffix("]"))
    rows = [
        line.split()
        for name in ("tcp", "tcp6")
        for line in Path("/proc/net", name).read_text().splitlines()[1:]
    ]
    return [row[1] for row in rows if row[3] == _LISTEN and row[9] in inodes]
