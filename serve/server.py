"""The application on a socket: for good, or in a thread for as long as one command needs it."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
import tempfile
import threading
from collections.abc import Iterator
from contextlib import AsyncExitStack, contextmanager
from pathlib import Path
from typing import Any

import uvicorn
from fastapi import FastAPI

from retrieval.errors import CloisterError
from serve.app import create_app
from serve.backend import Backend, check_first_address
from serve.data_folder import SERVER_SOCKET, DataFolder
from serve.errors import BindRefused, NotReady
from serve.http_protocol import BoundedHttpProtocol
from serve.people.links import first_link
from serve.people.store import is_anybody_there
from serve.settings import Settings
from serve.unix_socket import listening_at

log = logging.getLogger(__name__)

_GRACE_SECONDS = 3
_START_SECONDS = 60.0
_BACKLOG = 128


class Server(uvicorn.Server):
    """uvicorn that raises what stops the application from starting, and ends endless streams."""

    def __init__(self, app: FastAPI) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                date_header=True,
                # Who connects by TCP may claim any address; behind the socket, ours is asked.
                proxy_headers=False,
                timeout_graceful_shutdown=_GRACE_SECONDS,
                http=BoundedHttpProtocol,
                ws="none",
            )
        )
        self._app = app
        self._lifespan = AsyncExitStack()
        self.is_listening = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Start the application, then listen."""
        await self._lifespan.enter_async_context(self._app.router.lifespan_context(self._app))
        await super().startup(sockets)
        self.is_listening.set()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, end what runs, then stop the application."""
        self.backend.stopping.set()
        await super().shutdown(sockets)
        if cancelled := set(self.server_state.tasks):
            # Each has yet to tell the audit log what it answered.
            await asyncio.wait(cancelled, timeout=_GRACE_SECONDS)
        await self._lifespan.aclose()

    @property
    def backend(self) -> Backend:
        """The parts of the running application."""
        backend: Backend = self._app.state.backend
        return backend

    def stop(self) -> None:
        """Have it shut down, from any thread."""
        self.should_exit = True


def serve_forever(settings: Settings, on_listening: Any = None) -> None:
    """Serve until SIGTERM or Ctrl-C.

    Raises:
        BindRefused: The address is taken, or would let others in.
        DataFolderInUse: Another server has the data folder.
        EmbedderMismatch: The stored vectors are of another embedder.
    """
    if settings.socket:
        path = Path(settings.socket).absolute()
        with listening_at(path) as listener:
            _run(settings, f"{SERVER_SOCKET}{path}", listener, on_listening)
        return
    check_first_address(settings)
    with _tcp_socket(settings) as listener:
        host, port = listener.getsockname()[:2]
        url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"
        _run(settings, url, listener, on_listening)


def _run(settings: Settings, url: str, listener: socket.socket, on_listening: Any) -> None:
    server: Server
    server = Server(create_app(settings, url, when_refused=lambda: server.stop()))
    # Until uvicorn takes them; it raises one again once it is done, and by then it is obeyed.
    signals = (signal.SIGTERM, signal.SIGINT)
    before = {number: signal.signal(number, lambda *_: server.stop()) for number in signals}
    announcer = threading.Thread(target=_announce, args=(server, url, on_listening), daemon=True)
    announcer.start()
    try:
        server.run([listener])
    finally:
        server.is_listening.set()
        for number, handler in before.items():
            signal.signal(number, handler)
    refusal = server.backend.searching.refusal
    if refusal is not None and not isinstance(refusal, NotReady):
        raise refusal


def _announce(server: Server, url: str, on_listening: Any) -> None:
    server.is_listening.wait()
    if server.started and on_listening is not None:
        on_listening(url, _first_link(server, url))


def _first_link(server: Server, url: str) -> str | None:
    """Where the first administrator may come in, as long as there is nobody."""
    database, public = server.backend.database, server.backend.settings.public_host
    with database.read() as connection:
        if is_anybody_there(connection):
            return None
    with database.write() as connection:
        token = first_link(connection)
    site = (
        f"https://{public}" if public else url if url.startswith("http://") else "http://localhost"
    )
    return f"{site}/sign-in#{token}" if token else None


def _tcp_socket(settings: Settings) -> socket.socket:
    host = settings.host.strip("[]")
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, settings.port))
    except OSError as error:
        listener.close()
        raise BindRefused(
            f"Cannot listen on {settings.host}:{settings.port}: {error.strerror}.",
            advice="Is a server running already? Choose another port: CLOISTER_PORT.",
        ) from error
    listener.listen(_BACKLOG)
    listener.setblocking(False)
    return listener


@contextmanager
def embedded_server(settings: Settings) -> Iterator[tuple[Path, Backend]]:
    """The same application in this process: the path of its UNIX socket, and its parts.

    Raises:
        DataFolderInUse: Another process has the data folder.
    """
    with tempfile.TemporaryDirectory(prefix="cloister-") as folder:
        path = Path(folder) / "socket"
        with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
            listener.bind(str(path))
            listener.listen(_BACKLOG)
            listener.setblocking(False)
            thread = _ServerThread(Server(create_app(settings, f"unix:{path}")), listener)
            thread.start()
            try:
                thread.wait()
                yield path, thread.server.backend
            finally:
                with DataFolder(settings.data).visitors_awaited():
                    thread.server.stop()
                    thread.join()


class _ServerThread(threading.Thread):
    """A server in a thread; ``wait`` raises what stopped it from starting."""

    def __init__(self, server: Server, listener: socket.socket) -> None:
        super().__init__(name="server", daemon=True)
        self.server = server
        self._listener = listener
        self._failure: CloisterError | None = None

    def run(self) -> None:
        """Serve until stopped."""
        try:
            self.server.run([self._listener])
        except CloisterError as error:
            self._failure = error
        finally:
            self.server.is_listening.set()

    def wait(self) -> None:
        """Return once it listens."""
        self.server.is_listening.wait(_START_SECONDS)
        if self._failure is not None:
            raise self._failure
        if not self.server.started:
            raise NotReady("The server in this process did not start; the log says more.")
