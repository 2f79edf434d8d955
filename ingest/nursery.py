"""A clean process with the parsers loaded, which forks one confined child for each file.

Starting Python and loading the parsers takes far longer than reading a short document does. The
nursery is started afresh, with an environment of its own, and does nothing but fork; each child
still limits itself, leads its own group, and ends with its file.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import subprocess
import sys
import threading
import weakref
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from ingest.child import Launch, Process

_PROGRAM = Path(__file__).with_name("sandbox_child.py")
_LINE_BYTES = 64


class NurseryDied(OSError):
    """The nursery is gone, and its child with it."""


class Nursery:
    """One nursery process, with at most one child at a time."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._socket, theirs = socket.socketpair()
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-I", "-X", "utf8", str(_PROGRAM), str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env=dict(environment),
                start_new_session=True,
            )
        self.close = weakref.finalize(self, _end, self._socket, process)

    def launch(self, request: Mapping[str, Any]) -> Launch:
        """A launch of a child that works on a request; it may raise NurseryDied."""

        def launch(folder: Path, stdout: int, stderr: int) -> Process:
            message = json.dumps({**request, "folder": str(folder)}).encode()
            try:
                socket.send_fds(self._socket, [message], [stdout, stderr])
            except OSError as error:
                raise NurseryDied("The process that starts parsers died.") from error
            return ForkedProcess(self._socket, _received_number(self._socket))

        return launch


class ForkedProcess:
    """A child of a nursery; its process id stays its own until ``wait`` has returned."""

    def __init__(self, connection: socket.socket, pid: int) -> None:
        self.pid = pid
        self._connection = connection
        self._code: int | None = None
        self._is_reaped = False

    def ended(self) -> bool:
        """See ``Process``."""
        if self._code is None and select.select([self._connection], [], [], 0)[0]:
            self._code = _received_number(self._connection)
        return self._code is not None

    def wait(self) -> int:
        """See ``Process``; frees the nursery for another child."""
        if self._code is None:
            self._code = _received_number(self._connection)
        if not self._is_reaped:
            self._is_reaped = True
            self._connection.sendall(b"reap\n")
        return self._code

    def kill(self) -> None:
        """See ``Process``."""
        if self._is_reaped:
            return
        try:
            os.killpg(self.pid, signal.SIGKILL)
        except ProcessLookupError:
            return


def _received_number(connection: socket.socket) -> int:
    line = b""
    while not line.endswith(b"\n"):
        byte = connection.recv(1)
        if not byte or len(line) > _LINE_BYTES:
            raise NurseryDied("The process that starts parsers died.")
        line += byte
    return int(line)


def _end(connection: socket.socket, process: subprocess.Popen[bytes]) -> None:
    """Close the socket, on which the nursery kills its child and ends."""
    connection.close()
    process.wait()


class Nurseries:
    """Nurseries for several threads, started when needed and kept."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment
        self._lock = threading.Lock()
        self._idle: list[Nursery] = []

    @contextmanager
    def lent(self) -> Iterator[Nursery]:
        """A nursery for one file; one that broke meanwhile is not used again."""
        with self._lock:
            nursery = self._idle.pop() if self._idle else None
        nursery = nursery or Nursery(self._environment)
        try:
            yield nursery
        except NurseryDied:
            nursery.close()
            raise
        finally:
            if nursery.close.alive:
                with self._lock:
                    self._idle.append(nursery)

    def close(self) -> None:
        """End those that are not lent."""
        with self._lock:
            while self._idle:
                self._idle.pop().close()
