from __future__ import annotations

import signal
import socket
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
import pytest

from tests.fixtures.waiting import until

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand, ServerFactory


def test_a_second_server_names_the_first(server: ServerFactory, cloister: CloisterCommand) -> None:
    first = server(WORKERS="0")
    ran = cloister("serve", "--port", "0", data=first.data)
    assert ran.code == 1
    assert str(first.process.pid) in ran.err
    assert first.url in ran.err
    assert "Traceback" not in ran.err
    assert first.http.get("/healthz").status_code == 200


def test_a_newer_data_format_is_not_touched(tmp_path: Path, cloister: CloisterCommand) -> None:
    assert cloister("collections", "add", "x").code == 0
    database = tmp_path / "data" / "cloister.db"
    with sqlite3.connect(database) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
    connection.close()
    before = database.read_bytes()
    for command in (("serve", "--port", "0"), ("status",)):
        ran = cloister(*command)
        assert ran.code == 1
        assert "9999" in ran.err
        assert "Traceback" not in ran.err
    assert database.read_bytes() == before


@pytest.mark.parametrize(
    "host", ["0.0.0.0", "::", "192.168.1.2", "example.com", "127.0.0.1.nip.io"]
)
def test_only_loopback_is_listened_on(tmp_path: Path, cloister: CloisterCommand, host: str) -> None:
    ran = cloister("serve", "--host", host)
    assert ran.code == 2
    assert repr(host) in ran.err
    assert "sign-in" in ran.err
    assert not (tmp_path / "data").exists()


def test_a_port_that_is_taken(cloister: CloisterCommand, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        ran = cloister("serve", "--port", str(taken.getsockname()[1]))
    assert ran.code == 2
    assert "CLOISTER_PORT" in ran.err
    assert not (tmp_path / "data").exists()


def test_a_wrong_setting_is_usage(cloister: CloisterCommand) -> None:
    ran = cloister("serve", WORKERS="many")
    assert ran.code == 2
    assert "CLOISTER_WORKERS" in ran.err
    assert "Traceback" not in ran.err


def test_another_embedder_is_refused(
    server: ServerFactory, cloister: CloisterCommand, tmp_path: Path
) -> None:
    first = server()
    first.ingest({"x.txt": b"Embedded by hashing words."})
    assert first.stop() == 0
    with sqlite3.connect(first.data / "cloister.db") as connection:
        connection.execute("UPDATE embedders SET name = 'another-model'")
    connection.close()
    other = tmp_path / "other.txt"
    other.write_text("Another text.")
    for command in (("serve", "--port", "0"), ("search", "words"), ("ingest", str(other))):
        ran = cloister(*command, data=first.data)
        assert ran.code == 1, ran
        assert "'another-model'" in ran.err
        assert "'hash'" in ran.err
        assert "CLOISTER_EMBEDDER" in ran.err
        assert "Traceback" not in ran.err


def test_sigterm_gives_running_jobs_back(server: ServerFactory) -> None:
    first = server()
    first.ingest({"awake.txt": b"So that the worker is awake."})
    long = "\n\n".join(f"Sentence number {n} of a long text about rivers." for n in range(30_000))
    (item,) = first.upload({"long.txt": long.encode()})
    deadline = time.monotonic() + 30
    while first.job(item["job_id"])["stage"] == "queued" and time.monotonic() < deadline:
        time.sleep(0.02)
    begun = time.monotonic()
    assert first.stop(signal.SIGTERM) == 0
    assert time.monotonic() - begun < 25
    with sqlite3.connect(first.data / "cloister.db") as connection:
        stage, attempts = connection.execute(
            "SELECT stage, attempts FROM jobs WHERE id = ?", (item["job_id"],)
        ).fetchone()
    connection.close()
    assert (stage, attempts) in {("queued", 0), ("ready", 1)}

    second = server(first.data)
    assert second.ended(item["job_id"])["stage"] == "ready"


def test_what_was_acknowledged_survives_kill_9(server: ServerFactory) -> None:
    first = server(WORKERS="0")
    items = first.upload({f"{n}.txt": f"Acknowledged text {n}.".encode() for n in range(5)})
    first.stop(signal.SIGKILL)
    (first.data / "incoming" / "left").write_bytes(b"half an upload")
    second = server(first.data)
    assert [second.ended(item["job_id"])["stage"] for item in items] == ["ready"] * 5
    found = second.http.post("/api/v1/search", json={"query": "Acknowledged text 3"}).json()
    assert found["items"][0]["document_name"] == "3.txt"
    assert list((first.data / "incoming").iterdir()) == []


def test_what_kill_9_leaves_of_a_document_being_read_is_gone_with_the_next_start(
    server: ServerFactory,
) -> None:
    first = server()
    first.ingest({"awake.txt": b"So that the worker is awake."})
    temporary = first.data / "temporary"
    (item,) = first.upload({"long.txt": b"A sentence of a long text about rivers.\n\n" * 60_000})
    until(lambda: any(temporary.iterdir()))
    left = set(temporary.iterdir())
    first.stop(signal.SIGKILL)
    second = server(first.data)
    assert not left & set(temporary.iterdir())
    second.http.post(f"/api/v1/jobs/{item['job_id']}/cancel")


def test_a_silent_client_does_not_stop_the_shutdown(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    port = httpx.URL(running.url).port
    assert port
    with socket.create_connection(("127.0.0.1", port)) as silent:
        silent.sendall(b"POST /api/v1/documents HTTP/1.1\r\nHost: localhost\r\n")
        begun = time.monotonic()
        assert running.stop() == 0
        assert time.monotonic() - begun < 25


def test_ctrl_c_ends_the_server_well(server: ServerFactory) -> None:
    assert server().stop(signal.SIGINT) == 0
