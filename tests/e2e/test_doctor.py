"""``cloister doctor`` on installations that are sound, ill, shut and open."""

from __future__ import annotations

import json
import os
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from serve.doctor.egress import Ways, attempts
from serve.doctor.sockets import open_sockets
from serve.settings import switches
from tests.conftest import ROOT, cloister_environment
from tests.fixtures.namespaces import alone

if TYPE_CHECKING:
    from tests.conftest import CloisterCommand, ServerFactory


def checks_of(out: str) -> dict[str, dict[str, Any]]:
    return {each["name"]: each for each in json.loads(out)["checks"]}


def test_a_sound_installation(cloister: CloisterCommand, server: ServerFactory) -> None:
    running = server()
    running.ingest({"garden.txt": b"The garden was founded in 1821."})
    ran = cloister("doctor", "--json", data=running.data)
    assert ran.code == 0, ran.out + ran.err
    checks = checks_of(ran.out)
    assert set(checks) == {
        "data folder", "disk", "database", "tesseract", "index", "embedder", "model",
        "safety model",
    }  # fmt: skip
    assert {each["state"] for each in checks.values()} <= {"ok", "warning"}
    assert "0700" in checks["data folder"]["detail"]
    assert checks["database"]["state"] == "ok"
    shown = cloister("doctor", data=running.data)
    assert shown.code == 0
    assert "ok    database:" in shown.out


def test_without_a_server_it_looks_too(cloister: CloisterCommand, server: ServerFactory) -> None:
    running = server()
    running.stop()
    ran = cloister("doctor", "--json", data=running.data)
    assert ran.code == 0, ran.out + ran.err
    assert checks_of(ran.out)["embedder"]["state"] == "ok"


def test_what_is_wrong_is_named(cloister: CloisterCommand, server: ServerFactory) -> None:
    running = server(LLM_URL="http://127.0.0.1:9/v1")
    running.data.chmod(0o755)
    ran = cloister("doctor", "--json", data=running.data, MIN_FREE_BYTES="900TiB")
    assert ran.code == 1
    failed = {name for name, each in checks_of(ran.out).items() if each["state"] == "failed"}
    assert failed == {"data folder", "disk", "model"}
    assert "chmod 700" in cloister("doctor", data=running.data).out


def test_a_server_elsewhere_tells_what_it_can(
    cloister: CloisterCommand, server: ServerFactory, tmp_path: Path
) -> None:
    running = server()
    token = running.http.headers["Authorization"].removeprefix("Bearer ")
    elsewhere = tmp_path / "none"
    ran = cloister("--server", running.url, "doctor", "--json", data=elsewhere, KEY=token)
    assert ran.code == 0, ran.err
    assert set(checks_of(ran.out)) == {"index", "embedder", "model", "safety model"}


def test_nothing_gets_out_of_a_namespace(server: ServerFactory) -> None:
    running = server()
    doctor = (sys.executable, "-m", "serve", "--data", str(running.data), "doctor")
    done = subprocess.run(
        alone(*doctor, "--egress", "--json"),
        cwd=ROOT, env=cloister_environment(), capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    told = json.loads(done.stdout)
    assert len(told["attempts"]) >= 8
    assert not any(each["got_out"] for each in told["attempts"])
    assert told["switches"]["HF_HUB_OFFLINE"] == "1"
    assert told["switches"]["DO_NOT_TRACK"] == "1"
    assert told["server"] == running.process.pid
    assert told["switches_of"] == "this command"


def test_the_switches_are_those_of_the_server(
    cloister: CloisterCommand, server: ServerFactory
) -> None:
    running = server(ALLOW_HUB="1")
    told = json.loads(cloister("doctor", "--egress", "--json", data=running.data).out)
    own = running.http.get("/api/v1/health/details").json()["egress"]["switches"]
    assert (told["switches_of"], told["switches"]) == ("the server", own)
    running.stop()
    told = json.loads(cloister("doctor", "--egress", "--json", data=running.data).out)
    assert (told["switches_of"], told["server"]) == ("this command", None)
    assert told["switches"] != own


@pytest.fixture
def outside() -> Iterator[tuple[str, int]]:
    """Something that answers by TCP and UDP, in the place of the world."""
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as resolver,
    ):
        resolver.bind(listener.getsockname())

        def answer() -> None:
            question, sender = resolver.recvfrom(512)
            resolver.sendto(question, sender)

        thread = threading.Thread(target=answer)
        thread.start()
        yield listener.getsockname()
        thread.join()


def test_what_gets_out_is_seen(outside: tuple[str, int]) -> None:
    ways = Ways(names=["localhost"], addresses=[outside], resolvers=[outside])
    tried = attempts(ways)
    assert [each.got_out for each in tried] == [True, True, True]
    closed = Ways(names=[], addresses=[("127.0.0.1", 9)], resolvers=[("127.0.0.1", 9)])
    assert [each.got_out for each in attempts(closed, seconds=0.5)] == [False, False]


def test_the_sockets_of_a_server_are_seen(server: ServerFactory) -> None:
    running = server(WORKERS="1")
    port = running.url.rpartition(":")[2]
    with socket.create_connection(("127.0.0.1", int(port))):
        # Once this one is answered, the one before it has been taken; it is left open for longer.
        running.http.get("/healthz")
        seen = open_sockets(running.process.pid)
    listening = [each for each in seen if each.state == "listening"]
    assert [each.local for each in listening] == [f"127.0.0.1:{port}"]
    assert f"127.0.0.1:{port}" in {each.local for each in seen if each.state == "established"}
    assert not any(each.is_outside for each in seen)


def test_a_file_that_is_closed_meanwhile_hides_no_socket() -> None:
    early = os.open(os.devnull, os.O_RDONLY)
    with socket.create_server(("127.0.0.1", 0)) as listener:
        os.close(early)
        # The listing of the open files is one of them itself, under the number that is free now.
        seen = open_sockets(os.getpid())
        port = listener.getsockname()[1]
    assert f"127.0.0.1:{port}" in {each.local for each in seen}


def test_switches_do_not_show_what_a_proxy_is_called() -> None:
    told = switches({"https_proxy": "http://me:secret@proxy", "HF_HUB_OFFLINE": "1"})
    assert told["https_proxy"] == "set"
    assert told["HF_HUB_OFFLINE"] == "1"
    assert "secret" not in str(told)
