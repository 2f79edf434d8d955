"""A confined process of its own: a private folder, one pipe of lines, limits on waiting for it."""

from __future__ import annotations

import os
import selectors
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import IO, Protocol

from ingest.errors import JobCancelled, LimitExceeded

_TICK_SECONDS = 0.25
_READ_BYTES = 1 << 16
_STDERR_TAIL_BYTES = 1_000
_GRACE_SECONDS = 2.0


class Process(Protocol):
    """A process that leads a group."""

    def ended(self) -> bool:
        """Whether it is dead."""

    def wait(self) -> int:
        """The return code, negative for a signal, once it is dead."""

    def kill(self) -> None:
        """Kill the whole group."""


Launch = Callable[[Path, int, int], Process]
"""Starts a process in a folder, given descriptors for its stdout and its stderr."""


class Child:
    """A child process that leads its own group; leaving the block kills the group and its folder.

    The clocks of ``lines`` run only while we wait for the child, never while the caller works.
    """

    def __init__(self, launch: Launch) -> None:
        with ExitStack() as unless_started:
            # The pipe first: without free descriptors no folder could be removed.
            reading, writing = os.pipe()
            self._stdout: IO[bytes] = unless_started.enter_context(os.fdopen(reading, "rb"))
            with os.fdopen(writing, "wb") as stdout:
                self.folder = Path(tempfile.mkdtemp(prefix="cloister-parse-"))
                unless_started.callback(shutil.rmtree, self.folder, ignore_errors=True)
                with open(self.folder / "stderr", "wb") as stderr:
                    self._process = launch(self.folder, stdout.fileno(), stderr.fileno())
            unless_started.pop_all()

    def __enter__(self) -> Child:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            self._process.kill()
            self._process.wait()
        finally:
            self._stdout.close()
            shutil.rmtree(self.folder, ignore_errors=True)

    def lines(
        self,
        *,
        wall_seconds: float,
        stall_seconds: float,
        max_line_bytes: int,
        max_total_bytes: int,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[bytes]:
        """The lines on stdout until it closes.

        Raises LimitExceeded ("too_slow", "too_much_text") or JobCancelled.
        """
        waited = stalled = 0.0
        total = 0
        pending = bytearray()
        for chunk, seconds in self._chunks():
            if cancelled is not None and cancelled():
                raise JobCancelled("The job was cancelled.")
            waited += seconds
            stalled += seconds
            total += len(chunk)
            _check_patience(waited, wall_seconds, stalled, stall_seconds)
            *complete, rest = chunk.split(b"\n")
            if len(pending) + max(map(len, (*complete, rest))) > max_line_bytes:
                raise _too_much_text()
            if total > max_total_bytes:
                raise _too_much_text()
            for line in complete:
                yield bytes(pending + line)
                pending.clear()
                stalled = 0.0
            pending += rest

    def died(self) -> tuple[int, str]:
        """The return code (negative = signal) after stdout closed, and the tail of stderr."""
        deadline = time.monotonic() + _GRACE_SECONDS
        while not self._process.ended() and time.monotonic() < deadline:
            time.sleep(0.01)
        self._process.kill()
        code = self._process.wait()
        with open(self.folder / "stderr", "rb") as stderr:
            stderr.seek(max(0, os.fstat(stderr.fileno()).st_size - _STDERR_TAIL_BYTES))
            tail = stderr.read(_STDERR_TAIL_BYTES).decode("utf-8", "replace").strip()
        return code, tail

    def _chunks(self) -> Iterator[tuple[bytes, float]]:
        """What arrives on stdout and the seconds waited for it; empty bytes at every tick."""
        descriptor = self._stdout.fileno()
        with selectors.DefaultSelector() as selector:
            selector.register(descriptor, selectors.EVENT_READ)
            while True:
                started = time.monotonic()
                ready = selector.select(_TICK_SECONDS)
                chunk = os.read(descriptor, _READ_BYTES) if ready else b""
                if ready and not chunk:
                    return
                yield chunk, time.monotonic() - started


class SpawnedProcess:
    """A program started for this one purpose."""

    def __init__(self, process: subprocess.Popen[bytes]) -> None:
        self._process = process

    def ended(self) -> bool:
        """See ``Process``; it stays unreaped, so its id cannot be reused yet."""
        options = os.WEXITED | os.WNOHANG | os.WNOWAIT
        return os.waitid(os.P_PID, self._process.pid, options) is not None

    def wait(self) -> int:
        """See ``Process``."""
        return self._process.wait()

    def kill(self) -> None:
        """See ``Process``."""
        if self._process.returncode is None:
            try:
                os.killpg(self._process.pid, signal.SIGKILL)
            except (ProcessLookupError, PermissionError):  # macOS answers EPERM for a zombie
                self._process.kill()


def spawned(command: Sequence[str], environment: Mapping[str, str]) -> Launch:
    """A launch of a program as the leader of a group of its own."""

    def launch(folder: Path, stdout: int, stderr: int) -> Process:
        process = subprocess.Popen(
            list(command),
            stdin=subprocess.DEVNULL,
            stdout=stdout,
            stderr=stderr,
            cwd=folder,
            env={**environment, "TMPDIR": str(folder), "HOME": str(folder)},
            start_new_session=True,
        )
        return SpawnedProcess(process)

    return launch


def _check_patience(
    waited: float, wall_seconds: float, stalled: float, stall_seconds: float
) -> None:
    if waited > wall_seconds:
        raise LimitExceeded(
            "too_slow",
            f"Reading the file took more than {wall_seconds:g} seconds.",
            advice="Split the file into smaller ones.",
        )
    if stalled > stall_seconds:
        raise LimitExceeded(
            "too_slow",
            f"One page of the file took more than {stall_seconds:g} seconds.",
            advice="Save the file anew with another program, or leave that page out.",
        )


def _too_much_text() -> LimitExceeded:
    return LimitExceeded(
        "too_much_text",
        "The file expands to more text than a document may hold.",
        advice="Split the file into smaller ones.",
    )
