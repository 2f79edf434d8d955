"""The commands' side of the API: one server, wherever it is."""

from __future__ import annotations

import json
import logging
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

import httpx

from retrieval.errors import CloisterError, DataFolderInUse, NotFound
from serve.data_folder import SERVER_SOCKET, DataFolder, Holder
from serve.errors import ServerUnreachable
from serve.remote_problem import problem_in
from serve.settings import Settings

if TYPE_CHECKING:
    from serve.searching import Searching

log = logging.getLogger(__name__)

_CONNECT_SECONDS = 5.0
_ANSWER_SECONDS = 300.0
_WAIT_SECONDS = 60.0
_POLL_SECONDS = 0.1

Json = Any
"""A decoded JSON value; the server's schemas say what is in it."""


class NothingHere(NotFound):
    """The data folder was never used."""

    code = "no_data_folder"


class Client:
    """Requests to one server; every problem is raised."""

    def __init__(self, http: httpx.Client, where: str, *, embedded: bool, socket: str = "") -> None:
        self._http = http
        self._socket = socket
        self.where = where
        self.embedded = embedded

    def asynchronous(self) -> httpx.AsyncClient:
        """A client of the same server for an event loop; whoever asks for it closes it."""
        return httpx.AsyncClient(
            transport=httpx.AsyncHTTPTransport(uds=self._socket or None, trust_env=False),
            base_url=self._http.base_url,
            headers=self._http.headers,
            timeout=self._http.timeout,
            trust_env=False,
        )

    def get(self, path: str, params: Mapping[str, Any] | None = None) -> Json:
        """What is at a path."""
        return self._decoded(self._sent("GET", path, params=params))

    def text(self, path: str, params: Mapping[str, Any] | None = None) -> str:
        """The text at a path."""
        return self._sent("GET", path, params=params).text

    def post(self, path: str, body: Json = None, params: Mapping[str, Any] | None = None) -> Json:
        """What comes of posting something."""
        return self._decoded(self._sent("POST", path, json=body, params=params))

    def patch(self, path: str, body: Json) -> Json:
        """What comes of changing what is at a path."""
        return self._decoded(self._sent("PATCH", path, json=body))

    def put(self, path: str, body: Json) -> Json:
        """What comes of putting something at a path."""
        return self._decoded(self._sent("PUT", path, json=body))

    def delete(self, path: str, params: Mapping[str, Any] | None = None) -> None:
        """Delete what is at a path."""
        self._sent("DELETE", path, params=params)

    def every(self, path: str, params: Mapping[str, Any] | None = None) -> Iterator[Json]:
        """All items of a list, page by page."""
        cursor: str | None = ""
        while cursor is not None:
            page = self.get(path, {**(params or {}), "cursor": cursor})
            yield from page["items"]
            cursor = page["next_cursor"]

    def upload(self, files: Sequence[tuple[str, IO[bytes]]], collection: str) -> list[Json]:
        """What became of each file, given by name and content."""
        parts = [("file", (name, content, "application/octet-stream")) for name, content in files]
        sent = self._sent("POST", "/api/v1/documents", files=parts, data={"collection": collection})
        items: list[Json] = self._decoded(sent)["items"]
        return items

    def events(self, path: str, body: Json) -> Iterator[Json]:
        """The events of a stream that answers a post."""
        with self._reaching(), self._http.stream("POST", path, json=body) as response:
            if response.is_error:
                response.read()
                raise problem_in(response)
            for line in response.iter_lines():
                if line.startswith("data: "):
                    yield json.loads(line.removeprefix("data: "))

    def _sent(self, method: str, path: str, **content: Any) -> httpx.Response:
        with self._reaching():
            response = self._http.request(method, path, **content)
        if response.is_error:
            raise problem_in(response)
        return response

    @contextmanager
    def _reaching(self) -> Iterator[None]:
        try:
            yield
        except httpx.TransportError as error:
            raise ServerUnreachable(
                f"No answer from {self.where}: {error or type(error).__name__}.",
                advice="Is it running? Start one: cloister serve",
            ) from error

    def _decoded(self, response: httpx.Response) -> Json:
        try:
            return response.json()
        except ValueError as error:
            raise ServerUnreachable(f"{self.where} does not speak our language.") from error


@contextmanager
def connect(
    settings: Settings, *, creates: bool = False, ingests: bool = False, forgets: bool = False
) -> Iterator[Client]:
    """A client of the server that is meant, or of one in this process while the block lasts.

    That is the one that is set, else the one that holds the data folder, else our own; which takes
    documents in only if the command ``ingests``, and stays until deleted text is out of the index
    files if it ``forgets``. One that ``creates`` may begin a data folder.

    Raises:
        ServerUnreachable: The server that is set does not answer.
        NothingHere: There is no data, and the command would only read.
    """
    if settings.server:
        with _http_client(settings.server, settings.key) as client:
            client.get("/healthz")
            yield client
        return
    folder = DataFolder(settings.data)
    if not (creates or ingests or settings.database_url) and not folder.exists():
        raise NothingHere(
            f"There is no data in {str(folder.path)!r} yet.",
            advice="Take documents in: cloister ingest PATH, or name another folder: CLOISTER_DATA",
        )
    with ExitStack() as stack:
        yield _entered(stack, settings, ingests=ingests, forgets=forgets)


def _entered(stack: ExitStack, settings: Settings, *, ingests: bool, forgets: bool) -> Client:
    folder = DataFolder(settings.data)
    deadline = time.monotonic() + _WAIT_SECONDS
    while True:
        holder = _settled_holder(folder, ingests=ingests)
        try:
            return stack.enter_context(
                _embedded(settings, ingests=ingests, forgets=forgets)
                if holder is None
                else _client_of(holder, folder)
            )
        except DataFolderInUse:
            # Somebody took it, or is letting go of it, since we looked.
            if time.monotonic() > deadline:
                raise
            time.sleep(_POLL_SECONDS)


def _settled_holder(folder: DataFolder, *, ingests: bool) -> Holder | None:
    """The holder to speak to; a command that holds the folder and cannot help is waited for."""
    deadline = time.monotonic() + _WAIT_SECONDS
    while (holder := folder.holder()) is not None:
        if not holder.url.startswith("unix:"):
            return holder
        if not ingests and Path(holder.url.removeprefix("unix:")).is_socket():
            return holder
        if time.monotonic() > deadline:
            raise DataFolderInUse(
                f"Another command, process {holder.pid}, holds the data folder.",
                advice="Wait for it to end, or run a server: cloister serve",
            )
        time.sleep(_POLL_SECONDS)
    return None


@contextmanager
def _client_of(holder: Holder, folder: DataFolder) -> Iterator[Client]:
    token = folder.operator_token()
    if holder.url.startswith("unix:"):
        with folder.visited(holder):
            path = holder.url.removeprefix("unix:")
            with _socket_client(path, token, embedded=False) as client:
                yield client
    elif holder.url.startswith(SERVER_SOCKET):
        path = holder.url.removeprefix(SERVER_SOCKET)
        with _socket_client(path, token, embedded=False) as client:
            yield client
    else:
        with _http_client(holder.url, token) as client:
            yield client


@contextmanager
def _http_client(url: str, token: str) -> Iterator[Client]:
    with httpx.Client(
        base_url=url, headers=_bearing(token), timeout=_timeout(), trust_env=False
    ) as http:
        yield Client(http, url, embedded=False)


@contextmanager
def _socket_client(path: str, token: str, *, embedded: bool) -> Iterator[Client]:
    with httpx.Client(
        transport=httpx.HTTPTransport(uds=path, trust_env=False),
        base_url="http://localhost",
        headers=_bearing(token),
        timeout=_timeout(),
        trust_env=False,
    ) as http:
        where = "this process" if embedded else path
        yield Client(http, where, embedded=embedded, socket=path)


def _bearing(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


def _timeout() -> httpx.Timeout:
    return httpx.Timeout(_ANSWER_SECONDS, connect=_CONNECT_SECONDS)


@contextmanager
def _embedded(settings: Settings, *, ingests: bool, forgets: bool) -> Iterator[Client]:
    # The server's libraries take a second to import, which commands with a server save.
    from serve.server import embedded_server

    own = replace(settings, log_level="warning")
    if not ingests:
        own = replace(own, workers=0)
    with embedded_server(own) as (path, backend):
        token = DataFolder(settings.data).operator_token()
        with _socket_client(str(path), token, embedded=True) as client:
            yield client
        if forgets:
            _forget(backend.searching)


def _forget(searching: Searching) -> None:
    try:
        searching.forget_deleted()
    except (CloisterError, OSError) as error:
        log.warning("what was deleted is in the index files until a server has run: %s", error)
