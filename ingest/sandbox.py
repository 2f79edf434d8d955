"""Parsing in a spawned process that cannot harm us: limited, watched, killed when in doubt."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ingest.child import Child, Launch, spawned
from ingest.errors import LimitExceeded, NoTextFound, ParserDied
from ingest.nursery import Nurseries, NurseryDied
from ingest.pages import DocumentInfo, ParsedPage
from ingest.sandbox_lines import MalformedLine, decoded, decoded_picture

_PROGRAM = Path(__file__).with_name("sandbox_child.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What parsing one file may use.

    ``wall_seconds`` and ``stall_seconds`` count our waiting for the child: for the whole file, and
    since its last page.
    """

    memory_bytes: int = 2 << 30
    cpu_seconds: int = 900
    wall_seconds: float = 1_800
    stall_seconds: float = 60
    max_pages: int = 20_000
    max_characters: int = 50_000_000
    max_line_bytes: int = 64 << 20
    max_output_bytes: int = 1 << 30
    open_files: int = 64
    file_bytes: int = 256 << 20


def parse(
    path: Path,
    media_type: str,
    limits: Limits | None = None,
    on_page: Callable[[int, int], None] | None = None,
    cancelled: Callable[[], bool] | None = None,
) -> Iterator[DocumentInfo | ParsedPage]:
    """Facts about the document, then its pages in order, from a fresh limited process.

    ``on_page`` gets the pages done and their total (0 = not known). Consume it in one thread: the
    child dies with the thread that started it. Raises IngestError.
    """
    limits = limits or Limits()
    with Child(_launch(_request(path, limits) | {"media_type": media_type})) as child:
        yield from _checked(child, limits, on_page, cancelled)


def picture(path: Path, number: int, limits: Limits) -> bytes:
    """Frame ``number`` of an image file, counted from 1, as a PNG. Raises IngestError."""
    with Child(_launch(_request(path, limits) | {"picture": number})) as child:
        for line in _lines(child, limits, None):
            try:
                return decoded_picture(line)
            except MalformedLine as error:
                raise ParserDied(f"The parser gave malformed output: {error}.") from error
        raise _death(*child.died())


class Sandbox:
    """Parses like ``parse``, in children of a nursery; safe to use from several threads."""

    def __init__(self) -> None:
        self._nurseries = Nurseries(child_environment())

    def parse(
        self,
        path: Path,
        media_type: str,
        limits: Limits,
        on_page: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Iterator[DocumentInfo | ParsedPage]:
        """See the function ``parse``."""
        request = _request(path, limits) | {"media_type": media_type}
        try:
            with self._nurseries.lent() as nursery, Child(nursery.launch(request)) as child:
                yield from _checked(child, limits, on_page, cancelled)
        except NurseryDied as error:
            raise ParserDied(str(error)) from error

    def close(self) -> None:
        """End the nurseries; those lent out end when their owner lets go of them."""
        self._nurseries.close()


def _checked(
    child: Child,
    limits: Limits,
    on_page: Callable[[int, int], None] | None,
    cancelled: Callable[[], bool] | None,
) -> Iterator[DocumentInfo | ParsedPage]:
    """The child's items, each checked against the limits and the order they must come in."""
    info: DocumentInfo | None = None
    pages = characters = 0
    for item in _items(child, limits, cancelled):
        if isinstance(item, DocumentInfo):
            if info is not None:
                raise ParserDied("The parser gave malformed output: facts in the wrong place.")
            info = item
        else:
            pages += 1
            if info is None or item.page.number != pages:
                raise ParserDied("The parser gave malformed output: pages out of order.")
            characters += len(item.page.text)
            _check_size(pages, characters, limits)
        yield item
        if on_page is not None and info is not None and pages:
            on_page(pages, info.page_count)
    if not characters:
        raise NoTextFound("The file holds no text.")


def _items(
    child: Child, limits: Limits, cancelled: Callable[[], bool] | None
) -> Iterator[DocumentInfo | ParsedPage]:
    for line in _lines(child, limits, cancelled):
        try:
            item = decoded(line)
        except MalformedLine as error:
            raise ParserDied(f"The parser gave malformed output: {error}.") from error
        if item is None:
            return
        yield item
    raise _death(*child.died())


def _lines(child: Child, limits: Limits, cancelled: Callable[[], bool] | None) -> Iterator[bytes]:
    return child.lines(
        wall_seconds=limits.wall_seconds,
        stall_seconds=limits.stall_seconds,
        max_line_bytes=limits.max_line_bytes,
        max_total_bytes=limits.max_output_bytes,
        cancelled=cancelled,
    )


def _check_size(pages: int, characters: int, limits: Limits) -> None:
    if pages > limits.max_pages:
        raise LimitExceeded(
            "too_many_pages",
            f"The file has more than {limits.max_pages} pages.",
            advice="Split the file into smaller ones.",
        )
    if characters > limits.max_characters:
        raise LimitExceeded(
            "too_much_text",
            f"The file holds more than {limits.max_characters} characters.",
            advice="Split the file into smaller ones.",
        )


def _death(code: int, stderr: str) -> LimitExceeded | ParserDied:
    """Why a child ended without a word."""
    if code == -signal.SIGXCPU:
        return LimitExceeded("too_slow", "Reading the file took more processor time than allowed.")
    if "MemoryError" in stderr:
        return LimitExceeded("too_much_memory", "The file needs more memory than allowed.")
    how = f"exit code {code}"
    if code < 0:
        names = {number.value: number.name for number in signal.Signals}
        how = names.get(-code, f"signal {-code}")
    return ParserDied(f"The parser ended by {how}. {stderr}".strip())


def _launch(request: dict[str, Any]) -> Launch:
    told = json.dumps(request | {"parent": os.getpid()})
    command = [sys.executable, "-I", "-X", "utf8", str(_PROGRAM), told]
    return spawned(command, child_environment())


def _request(path: Path, limits: Limits) -> dict[str, Any]:
    return {
        "path": str(path.resolve()),
        "limits": {
            "memory_bytes": limits.memory_bytes,
            "cpu_seconds": limits.cpu_seconds,
            "open_files": limits.open_files,
            "file_bytes": limits.file_bytes,
        },
    }


def child_environment() -> dict[str, str]:
    """All that the child may know of our environment: where tesseract is, one thread each."""
    tesseract = shutil.which("tesseract")
    return {
        "PATH": str(Path(tesseract).parent) if tesseract else "",
        "LANG": "C.UTF-8",
        "OMP_THREAD_LIMIT": "1",
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
