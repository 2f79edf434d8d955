"""A real HTTP server on loopback that serves hashed words as embeddings, in OpenAI's shape."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from retrieval.embedder import HashEmbedder

Reply = tuple[int, dict[str, str], bytes]
"""Status, headers and body."""

KEY = "a key"


class LoopbackEmbeddings:
    """What the server does; ``troubles`` are the replies of its next requests.

    Then it takes up to ``most_texts`` at once, and none that it ``refuses``.
    """

    def __init__(self) -> None:
        self.embedder = HashEmbedder(64)
        self.troubles: list[Reply] = []
        self.most_texts = 1_000
        self.refuses: Callable[[str], bool] = lambda text: False
        self.seen: list[list[str]] = []
        self.on_texts: Callable[[list[str]], None] = lambda texts: None
        self.url = ""

    def reply(self, authorization: str | None, request: dict[str, Any]) -> Reply:
        texts: list[str] = request["input"]
        self.seen.append(texts)
        self.on_texts(texts)
        if self.troubles:
            return self.troubles.pop(0)
        if authorization != f"Bearer {KEY}":
            return 401, {}, b'{"error": "wrong key"}'
        if len(texts) > self.most_texts or any(map(self.refuses, texts)):
            return 413, {}, b'{"error": "too long"}'
        return 200, {}, self.body(texts)

    def body(self, texts: list[str]) -> bytes:
        """In reverse order, because only ``index`` tells which is which."""
        rows = enumerate(self.embedder.embed_documents(texts).tolist())
        data = [{"object": "embedding", "index": n, "embedding": row} for n, row in rows]
        return json.dumps({"object": "list", "data": data[::-1]}).encode()


@contextmanager
def served() -> Iterator[LoopbackEmbeddings]:
    """The server, until the block ends."""
    embeddings = LoopbackEmbeddings()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            request = json.loads(self.rfile.read(length))
            assert self.path == "/v1/embeddings"
            status, headers, body = embeddings.reply(self.headers["Authorization"], request)
            self.send_response(status)
            for name, value in {**headers, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            """Say nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    embeddings.url = f"http://127.0.0.1:{server.server_address[1]}/v1"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    try:
        yield embeddings
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
