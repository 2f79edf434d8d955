"""A real server for tests, and a wire that trips when anything reaches for the network."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import httpx
import hypothesis
import pytest

ROOT = Path(__file__).parent.parent
START_SECONDS = 60.0
INGEST_SECONDS = 180.0
_LOOPBACK = ("127.", "::1", "localhost", "0.0.0.0")


def cloister_environment(**settings: str) -> dict[str, str]:
    """The environment of a ``cloister`` process: ours without its own settings, and these."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("CLOISTER_")}
    given = {"EMBEDDER": "hash", "MIN_FREE_BYTES": "1MiB", "WORKERS": "1"} | settings
    return kept | {f"CLOISTER_{name}": value for name, value in given.items()}


def operator_of(data: Path) -> dict[str, str]:
    """The header by which the server of a data folder knows its operator."""
    return {"Authorization": f"Bearer {(data / 'operator.token').read_text()}"}


# How long an example takes says nothing on a busy machine.
hypothesis.settings.register_profile(
    "any pace", deadline=None, suppress_health_check=[hypothesis.HealthCheck.too_slow]
)
hypothesis.settings.load_profile("any pace")


@dataclass(slots=True)
class RunningServer:
    """A server process with its own data folder; ``http`` comes to it as its operator."""

    process: subprocess.Popen[str]
    url: str
    data: Path
    log: Path
    http: httpx.Client
    _files: list[IO[str]] = field(default_factory=list)

    def upload(self, files: dict[str, bytes], collection: str = "default") -> list[dict[str, Any]]:
        """The items of an upload of files by name."""
        parts = [("file", (name, content)) for name, content in files.items()]
        response = self.http.post("/api/v1/documents", files=parts, data={"collection": collection})
        assert response.status_code == 202, response.text
        items: list[dict[str, Any]] = response.json()["items"]
        return items

    def job(self, job_id: int) -> dict[str, Any]:
        """A job as it is now."""
        found: dict[str, Any] = self.http.get(f"/api/v1/jobs/{job_id}").json()
        return found

    def ended(self, job_id: int) -> dict[str, Any]:
        """A job once it is over."""
        deadline = time.monotonic() + INGEST_SECONDS
        while (job := self.job(job_id))["stage"] not in ("ready", "failed", "cancelled"):
            assert time.monotonic() < deadline, f"{job}\n{self.log.read_text()}"
            time.sleep(0.05)
        return job

    def ingest(self, files: dict[str, bytes], collection: str = "default") -> list[int]:
        """The ids of documents that are searchable now."""
        items = self.upload(files, collection)
        assert [item["error"] for item in items] == [None] * len(items)
        for item in items:
            job = self.ended(item["job_id"])
            assert job["stage"] == "ready", job
        return [item["document_id"] for item in items]

    def collection(self, name: str) -> dict[str, Any]:
        """A new collection."""
        response = self.http.post("/api/v1/collections", json={"name": name})
        assert response.status_code == 201, response.text
        made: dict[str, Any] = response.json()
        return made

    def stop(self, number: int = signal.SIGTERM) -> int:
        """Stop it by a signal; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(30)
        self.http.close()
        for file in self._files:
            file.close()
        if self.process.stdout is not None:
            self.process.stdout.close()
        return code


ServerFactory = Callable[..., RunningServer]


def start_server(data: Path, *arguments: str, **settings: str) -> RunningServer:
    """A server on a free port, once it listens."""
    data.parent.mkdir(parents=True, exist_ok=True)
    log = data.with_name(data.name + ".log")
    errors = log.open("w")
    process = subprocess.Popen(
        [sys.executable, "-m", "serve", "--data", str(data), "serve", "--port", "0", *arguments],
        cwd=ROOT,
        env=cloister_environment(**settings),
        stdout=subprocess.PIPE,
        stderr=errors,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    if "listens on" not in line:
        process.kill()
        process.wait()
        process.stdout.close()
        errors.close()
        raise AssertionError(f"the server did not start: {line}{log.read_text()}")
    url = line.split()[-1]
    http = httpx.Client(base_url=url, headers=operator_of(data), timeout=70, trust_env=False)
    return RunningServer(process, url, data, log, http, [errors])


def _factory(folder: Path) -> Iterator[ServerFactory]:
    running: list[RunningServer] = []

    def start(data: Path | None = None, *arguments: str, **settings: str) -> RunningServer:
        own = data or folder / f"data{len(running)}"
        running.append(start_server(own, *arguments, **settings))
        return running[-1]

    yield start
    for each in running:
        each.stop()


@pytest.fixture
def server(tmp_path: Path) -> Iterator[ServerFactory]:
    """Starts servers, each with a data folder of its own unless told; stopped after the test."""
    yield from _factory(tmp_path)


@pytest.fixture(scope="module")
def module_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServerFactory]:
    """The same, stopped after the module."""
    yield from _factory(tmp_path_factory.mktemp("servers"))


@pytest.fixture(scope="module")
def shared_server(module_server: ServerFactory) -> RunningServer:
    """One server for the tests of a module; each uses a collection of its own."""
    return module_server(WORKERS="2")


@dataclass(frozen=True, slots=True)
class Ran:
    """A command that has ended."""

    code: int
    out: str
    err: str


def run_cloister(data: Path, *arguments: str, **settings: str) -> Ran:
    """What a command of ``cloister`` does."""
    done = subprocess.run(
        [sys.executable, "-m", "serve", "--data", str(data), *arguments],
        cwd=ROOT,
        env=cloister_environment(**settings),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return Ran(done.returncode, done.stdout, done.stderr)


CloisterCommand = Callable[..., Ran]


@pytest.fixture
def cloister(tmp_path: Path) -> CloisterCommand:
    """Runs ``cloister ...`` over a data folder of the test's own, unless told."""

    def run(*arguments: str, data: Path | None = None, **settings: str) -> Ran:
        return run_cloister(data or tmp_path / "data", *arguments, **settings)

    return run


@pytest.fixture(autouse=True)
def tripwire(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail a test that connects to, or asks for the address of, anything but this machine.

    It sees this process alone; what others send is counted in tests/e2e/test_no_network.py.
    """
    tripped: list[str] = []
    connect, connect_ex = socket.socket.connect, socket.socket.connect_ex
    sendto = socket.socket.sendto
    getaddrinfo, gethostbyname = socket.getaddrinfo, socket.gethostbyname

    def check(what: str, host: object) -> None:
        name = host.decode() if isinstance(host, bytes) else host
        if name is not None and not str(name).startswith(_LOOPBACK):
            tripped.append(f"{what} {name}")
            raise OSError(f"no network in tests: {what} {name}")

    def check_address(family: int, address: Any) -> None:
        if family in (socket.AF_INET, socket.AF_INET6):
            check("connect", address[0])

    def safe_connect(self: socket.socket, address: Any) -> None:
        check_address(self.family, address)
        connect(self, address)

    def safe_connect_ex(self: socket.socket, address: Any) -> int:
        check_address(self.family, address)
        return connect_ex(self, address)

    def safe_sendto(self: socket.socket, data: Any, *flags_and_address: Any) -> int:
        check_address(self.family, flags_and_address[-1])
        return sendto(self, data, *flags_and_address)

    def safe_getaddrinfo(host: Any, *arguments: Any, **named: Any) -> Sequence[Any]:
        check("resolve", host)
        return getaddrinfo(host, *arguments, **named)

    def safe_gethostbyname(host: str) -> str:
        check("resolve", host)
        return gethostbyname(host)

    monkeypatch.setattr(socket.socket, "connect", safe_connect)
    monkeypatch.setattr(socket.socket, "connect_ex", safe_connect_ex)
    monkeypatch.setattr(socket.socket, "sendto", safe_sendto)
    monkeypatch.setattr(socket, "getaddrinfo", safe_getaddrinfo)
    monkeypatch.setattr(socket, "gethostbyname", safe_gethostbyname)
    yield
    assert tripped == []
