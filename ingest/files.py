"""Originals: the bytes of every document, each stored once under its SHA-256.

What a person calls a file is kept with the document and never becomes a path.
"""

from __future__ import annotations

import errno
import os
import shutil
import tempfile
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

import fsspec
from fsspec.implementations.local import LocalFileSystem

from ingest.errors import OriginalsUnusable
from retrieval.errors import NotFound
from retrieval.faults import fault

MAX_NAME_LENGTH = 500
OWNER_FILE = "owner"
_UNFINISHED = "."
_INVISIBLE = ("Cc", "Cf", "Cs", "Co", "Zl", "Zp")
_READ_AHEAD_BYTES = 4 << 20
_OF_THIS_MACHINE = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)

_ADVICE = (
    "Check CLOISTER_ORIGINALS_URL, that the bucket exists, and that the store can be reached and "
    "lets us in."
)
_ADVICE_ON_URLS = (
    "Set CLOISTER_ORIGINALS_URL to file:///path, or to s3://bucket/folder, which needs "
    "pip install 'cloister[s3]'."
)


class Originals:
    """A folder of files named by content: ``file:///path`` or ``s3://bucket/path``."""

    def __init__(self, url: str) -> None:
        """Nothing is contacted yet.

        Raises:
            OriginalsUnusable: There is no such kind of store, or its package is not installed.
        """
        self._filesystem, self._root = _opened(url)
        self._is_local = isinstance(self._filesystem, LocalFileSystem)

    def _path(self, sha256: str) -> str:
        return f"{self._root}/{sha256[:2]}/{sha256}"

    def owner(self) -> str | None:
        """Who has claimed them.

        Raises:
            OriginalsUnusable: The store cannot be reached, or does not let us in.
        """
        with self._reached():
            if not self._filesystem.exists(self._mark):
                return None
            mark: bytes = self._filesystem.cat_file(self._mark)
        return mark.decode(errors="replace").strip()

    def claim(self, owner: str) -> None:
        """Be of an owner from now on.

        Raises:
            OriginalsUnusable: The store cannot be reached, or does not let us write.
        """
        with tempfile.NamedTemporaryFile(prefix="cloister-") as file:
            file.write(owner.encode())
            file.flush()
            self._put(Path(file.name), self._mark)

    @property
    def _mark(self) -> str:
        return f"{self._root}/{OWNER_FILE}"

    def save(self, file: Path, sha256: str) -> None:
        """Keep a file's bytes, whole and durable or not at all; the file stays where it is.

        Raises:
            OriginalsUnusable: The store cannot be reached, or does not let us write.
        """
        if not self.exists(sha256):
            self._put(file, self._path(sha256))

    def _put(self, file: Path, target: str) -> None:
        if self._is_local:
            _make_durably(Path(target).parent)
            _copy_durably(file, Path(target))
            return
        with self._reached():
            self._filesystem.put_file(str(file), target)

    def exists(self, sha256: str) -> bool:
        """Whether the bytes are here.

        Raises:
            OriginalsUnusable: The store cannot be reached, or does not let us in.
        """
        with self._reached():
            return bool(self._filesystem.exists(self._path(sha256)))

    def open(self, sha256: str) -> BinaryIO:
        """The bytes, to be read.

        Raises:
            NotFound: They are not here.
            OriginalsUnusable: The store cannot be reached, or does not let us in.
        """
        try:
            with self._reached():
                file = self._filesystem.open(self._path(sha256), "rb", block_size=_READ_AHEAD_BYTES)
        except FileNotFoundError as error:
            raise _not_here() from error
        return cast(BinaryIO, file)

    @contextmanager
    def local_path(self, sha256: str) -> Iterator[Path]:
        """A path on this machine where the bytes can be read for a while.

        Raises:
            NotFound: They are not here.
            OriginalsUnusable: The store cannot be reached, or does not let us in.
        """
        if self._is_local:
            if not self.exists(sha256):
                raise _not_here()
            yield Path(self._path(sha256))
            return
        with tempfile.TemporaryDirectory(prefix="cloister-") as folder:
            path = Path(folder) / sha256
            try:
                with self._reached():
                    self._filesystem.get_file(self._path(sha256), str(path))
            except FileNotFoundError as error:
                raise _not_here() from error
            yield path

    def delete(self, sha256: str) -> None:
        """Forget the bytes; it is no error if they are gone.

        Raises:
            OriginalsUnusable: The store cannot be reached, or does not let us delete.
        """
        with self._reached(), suppress(FileNotFoundError):
            self._filesystem.rm_file(self._path(sha256))

    def __iter__(self) -> Iterator[str]:
        """The SHA-256 of every file.

        Raises:
            OriginalsUnusable: There is no such bucket, or it cannot be reached.
        """
        for path in self._files():
            name = path.rsplit("/", 1)[-1]
            if len(name) == 64:
                yield name

    def clear_unfinished(self) -> None:
        """Delete what a crash left half written; only while nothing is being saved."""
        if not self._is_local:
            return  # What is not written to its end has no name there.
        for path in list(self._files()):
            if path.rsplit("/", 1)[-1].startswith(_UNFINISHED):
                self._filesystem.rm_file(path)

    def _files(self) -> Iterator[str]:
        if self._is_local:
            # Ten times as fast as through fsspec, and this runs at every start.
            for folder, _, names in os.walk(self._root):
                yield from (f"{folder}/{name}" for name in names)
            return
        with self._reached():
            found = list(map(str, self._filesystem.find(self._root)))
        yield from found

    @contextmanager
    def _reached(self) -> Iterator[None]:
        """One error for all that can go wrong with a store; a folder of this machine keeps its own.

        Raises:
            FileNotFoundError: The file is not there, but all that it would be in.
            OriginalsUnusable: Anything else.
        """
        try:
            yield
        except FileNotFoundError as error:
            if _lacks_bucket(error):
                raise _unusable(error) from error
            raise
        except Exception as error:
            if self._is_local or _is_of_this_machine(error):
                raise
            raise _unusable(error) from error


def _opened(url: str) -> tuple[Any, str]:
    """The file system of a URL, and the folder there.

    Its listings are not kept: other processes save and delete, too. Of S3, botocore and s3fs both
    try again, which multiplies, and the one write transaction may be waiting.
    """
    options: dict[str, Any] = {"use_listings_cache": False}
    if url.startswith(("s3:", "s3a:")):
        options["config_kwargs"] = {"retries": {"max_attempts": 1}}
    try:
        filesystem, root = fsspec.url_to_fs(url, **options)
    except Exception as error:
        raise OriginalsUnusable(
            f"The original files cannot be kept there: {error}.", advice=_ADVICE_ON_URLS
        ) from error
    return filesystem, str(root)


def _lacks_bucket(error: FileNotFoundError) -> bool:
    """Whether S3 has no such bucket, which s3fs tells as if only the file were missing."""
    response = getattr(error.__cause__, "response", None) or {}
    return bool(response.get("Error", {}).get("Code") == "NoSuchBucket")


def _is_of_this_machine(error: Exception) -> bool:
    """Whether the disk here is full, on which a file was to be for a while."""
    return isinstance(error, OSError) and error.errno in _OF_THIS_MACHINE


def _unusable(error: Exception) -> OriginalsUnusable:
    reason = str(error) or type(error).__name__
    return OriginalsUnusable(f"The original files cannot be reached: {reason}", advice=_ADVICE)


def _not_here() -> NotFound:
    return NotFound("The original file is not in the store.")


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
