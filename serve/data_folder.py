"""The folder that holds everything, and the lock that keeps it to one server process."""

from __future__ import annotations

import fcntl
import json
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from retrieval.errors import DataFolderInUse
from serve.errors import InvalidSetting
from serve.people.tokens import OPERATOR_TOKEN, new_token

_LOCK_SECONDS = 0.5
_VISIT_SECONDS = 10.0
_NETWORK_FILESYSTEMS = {
    "nfs",
    "nfs4",
    "cifs",
    "smb3",
    "smbfs",
    "afs",
    "fuse.sshfs",
    "fuse.glusterfs",
}
_MOUNTS = Path("/proc/self/mountinfo")


SERVER_SOCKET = "http+unix:"
"""Before the path of the socket of a server, which stays; a command's own is ``unix:PATH``."""


@dataclass(frozen=True, slots=True)
class Holder:
    """The process that holds a data folder; ``url`` says where and what kind it is."""

    pid: int
    url: str
    started: float


class DataFolder:
    """Paths inside the data folder."""

    def __init__(self, path: Path) -> None:
        self.path = path.absolute()
        self.database = self.path / "cloister.db"
        self.originals = self.path / "originals"
        self.incoming = self.path / "incoming"
        self.temporary = self.path / "temporary"
        self.indexes = self.path / "indexes"
        self.embedders = self.path / "embedders"
        self._folders = self.originals, self.incoming, self.temporary, self.indexes, self.embedders
        self._operator_token = self.path / "operator.token"
        self._lock = self.path / "server.lock"
        self._visitors = self.path / "visitors.lock"

    @contextmanager
    def held(self, url: str) -> Iterator[str]:
        """Hold the folder, made if there is none, until the block or the process ends.

        Gives the token by which the server that holds it knows its operator: who may read it here.
        Temporary files of this process lie in it meanwhile, for they may hold what documents say:
        what a crash leaves of them is gone with the next start.

        Raises:
            DataFolderInUse: Another process holds it.
            InvalidSetting: It cannot be made, or locks do not work there.
        """
        self._prepare()
        with self._lock.open("a+", encoding="utf-8") as file:
            self._take(file)
            holder = Holder(os.getpid(), url, time.time())
            # Before the holder can be found, for whoever finds it reads the token.
            token = self._written_token()
            file.truncate(0)
            file.write(json.dumps(asdict(holder)))
            file.flush()
            _emptied(self.incoming)
            tempfile.tempdir = _emptied(self.temporary)
            try:
                yield token
            finally:
                tempfile.tempdir = None
                self._operator_token.unlink(missing_ok=True)
                file.truncate(0)

    def _prepare(self) -> None:
        if filesystem := _network_filesystem(self.path):
            raise InvalidSetting(
                f"The data folder {str(self.path)!r} lies on a network filesystem ({filesystem}), "
                "where locks and a database file are not safe.",
                advice="Choose a folder on a local disk: CLOISTER_DATA.",
            )
        try:
            self.path.mkdir(mode=0o700, parents=True, exist_ok=True)
            for folder in self._folders:
                folder.mkdir(mode=0o700, exist_ok=True)
        except OSError as error:
            raise InvalidSetting(
                f"The data folder {str(self.path)!r} cannot be used: {error.strerror}.",
                advice="Choose another: CLOISTER_DATA.",
            ) from error

    def _take(self, file: IO[str]) -> None:
        # Again and again for a moment: ``holder`` of another process takes the lock for an instant.
        deadline = time.monotonic() + _LOCK_SECONDS
        while not _locked(file, fcntl.LOCK_EX):
            if time.monotonic() > deadline:
                raise self._in_use()
            time.sleep(0.02)

    def _in_use(self) -> DataFolderInUse:
        holder = self._read_holder()
        who = f"process {holder.pid} at {holder.url}" if holder else "another process"
        return DataFolderInUse(
            f"The data folder {str(self.path)!r} is in use by {who}.",
            advice="Use that server, stop it first, or choose another folder: CLOISTER_DATA.",
        )

    def _written_token(self) -> str:
        self._operator_token.unlink(missing_ok=True)
        token = new_token(OPERATOR_TOKEN)
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
        with open(os.open(self._operator_token, flags, 0o600), "w", encoding="ascii") as file:
            file.write(token)
        return token

    def operator_token(self) -> str:
        """The token for the server that holds the folder; empty where there is none to read."""
        try:
            return self._operator_token.read_text(encoding="ascii")
        except OSError:
            return ""

    def holder(self) -> Holder | None:
        """The process that holds the folder now, if one does."""
        try:
            with self._lock.open(encoding="utf-8") as file:
                if _locked(file, fcntl.LOCK_SH):
                    return None
        except FileNotFoundError:
            return None
        return self._read_holder()

    @contextmanager
    def visited(self, holder: Holder) -> Iterator[None]:
        """Keep a command that holds the folder from ending while another one speaks to it.

        Raises:
            DataFolderInUse: It is ending, or has ended.
        """
        with self._visitors.open("a", encoding="utf-8") as file:
            if not _locked(file, fcntl.LOCK_SH) or self.holder() != holder:
                raise self._in_use()
            yield

    @contextmanager
    def visitors_awaited(self) -> Iterator[None]:
        """Let whoever speaks to this command finish, for a while, and nobody begin."""
        with self._visitors.open("a", encoding="utf-8") as file:
            deadline = time.monotonic() + _VISIT_SECONDS
            while not _locked(file, fcntl.LOCK_EX) and time.monotonic() < deadline:
                time.sleep(0.02)
            yield

    def _read_holder(self) -> Holder | None:
        deadline = time.monotonic() + _LOCK_SECONDS
        while time.monotonic() < deadline:
            try:
                return Holder(**json.loads(self._lock.read_text(encoding="utf-8")))
            except (ValueError, TypeError):
                time.sleep(0.02)
        return None

    def exists(self) -> bool:
        """Whether a server has ever used this folder."""
        return self._lock.exists()

    def free_bytes(self) -> int:
        """The space that is free on its disk."""
        return shutil.disk_usage(self.path).free

    def size_bytes(self) -> int:
        """The space that its files take."""
        files = (Path(folder) / name for folder, _, names in os.walk(self.path) for name in names)
        return sum(map(_size_of, files))


def _emptied(folder: Path) -> str:
    for left in folder.iterdir():
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)
    return str(folder)


def _size_of(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        # It was deleted just now.
        return 0


def _locked(file: IO[str], kind: int) -> bool:
    try:
        fcntl.flock(file, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _network_filesystem(path: Path) -> str | None:
    """The type of the filesystem under a path, if it is one of the network."""
    if not _MOUNTS.exists():
        return None
    real = path.resolve()
    longest, kind = -1, ""
    for line in _MOUNTS.read_text(encoding="utf-8", errors="replace").splitlines():
        mount, _, rest = line.partition(" - ")
        point = Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), mount.split()[4]))
        if real.is_relative_to(point) and len(point.parts) >= longest:
            longest, kind = len(point.parts), rest.split()[0]
    return kind if kind in _NETWORK_FILESYSTEMS else None
