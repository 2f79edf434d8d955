"""Originals: the bytes of every document, each stored once under its SHA-256.

What a person calls a file is kept with the document and never becomes a path.
"""

from __future__ import annotations

import os
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, cast

import fsspec

from retrieval.errors import NotFound
from retrieval.faults import fault

MAX_NAME_LENGTH = 500
_UNFINISHED = "."
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")


class Originals:
    """A folder of files named by content: ``file:///path`` or ``s3://bucket/path``."""

    def __init__(self, url: str) -> None:
        self._filesystem, self._root = fsspec.url_to_fs(url)
        self._is_local = "file" in self._filesystem.protocol

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def save(self, file: Path, sha256: str) -> None:
        """Keep a file's bytes, whole and durable or not at all; the file stays where it is."""
        if self.exists(sha256):
            return
        target = self._path(sha256)
        if self._is_local:
            _make_durably(Path(target).parent)
            _copy_durably(file, Path(target))
        else:
            self._filesystem.put_file(str(file), target)

    def exists(self, sha256: str) -> bool:
        """Whether the bytes are here."""
        return bool(self._filesystem.exists(self._path(sha256)))

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, to be read.

        Raises:
            NotFound: They are not here.
        """
        try:
            return cast(BinaryIO, self._filesystem.open(self._path(sha256), "rb"))
        except FileNotFoundError as error:
            raise NotFound("The original file is not in the store.") from error

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        """A path on this machine where the bytes can be read for a while."""
        if not self.exists(sha256):
            raise NotFound("The original file is not in the store.")
        if self._is_local:
            yield Path(self._path(sha256))
            return
        with tempfile.TemporaryDirectory(prefix="cloister-") as folder:
            path = Path(folder) / sha256
            self._filesystem.get_file(self._path(sha256), str(path))
            yield path

    def delete(self, sha256: str) -> None:
        """Forget the bytes; it is no error if they are gone."""
        if self.exists(sha256):
            self._filesystem.rm_file(self._path(sha256))

    def __iter__(self) -> Iterator[str]:
        """The SHA-256 of every file."""
        for path in self._files():
            name = path.rsplit("/", 1)[-1]
            if len(name) == 64:
                yield name

    def clear_unfinished(self) -> None:
        """Delete what a crash left half written; only while nothing is being saved."""
        for path in list(self._files()):
            if path.rsplit("/", 1)[-1].startswith(_UNFINISHED):
                self._filesystem.rm_file(path)

    def _files(self) -> Iterator[str]:
        if self._is_local:
            # Ten times as fast as through fsspec, and this runs at every start.
            for folder, _, names in os.walk(self._root):
                yield from (f"{folder}/{name}" for name in names)
        elif self._filesystem.exists(self._root):
            yield from map(str, self._filesystem.find(self._root))


def _make_durably(folder: Path) -> None:
    if folder.is_dir():
        return
    folder.mkdir(parents=True, exist_ok=True)
    _sync(folder.parent, os.O_RDONLY)


def _copy_durably(source: Path, target: Path) -> None:
    unique = f"{os.getpid()}.{threading.get_ident()}"
    temporary = target.with_name(f"{_UNFINISHED}{target.name}.{unique}")
    temporary.unlink(missing_ok=True)
    try:
        shutil.copyfile(source, temporary)
        _sync(temporary, os.O_RDONLY)
        if __debug__:
            fault("original_written")
        temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    _sync(target.parent, os.O_RDONLY)


def _sync(path: Path, mode: int) -> None:
    descriptor = os.open(path, mode)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def display_name(name: str) -> str:
    """A file name fit to be shown and stored: relative parts kept, nothing invisible in it."""
    visible = "".join(c for c in name if unicodedata.category(c) not in _INVISIBLE)
    text = unicodedata.normalize("NFC", visible)[-MAX_NAME_LENGTH:].replace("\\", "/")
    parts = [part.strip() for part in text.split("/")]
    return "/".join(part for part in parts if part not in ("", ".", "..")) or "unnamed"
