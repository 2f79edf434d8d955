"""A UNIX socket that a server listens on, and that nobody else is using."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from serve.errors import BindRefused

_BACKLOG = 128
_MODE = 0o660


@contextmanager
def listening_at(path: Path) -> Iterator[socket.socket]:
    """A socket at a path, for the server's user and group, until the block ends.

    Raises:
        BindRefused: Another server listens there, or nothing can be made there.
    """
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listener:
        try:
            _remove_what_was_left(path)
            listener.bind(str(path))
            # Nobody can connect before ``listen``, so the wider mode of before lets nobody in.
            path.chmod(_MODE)
        except OSError as error:
            raise BindRefused(
                f"Cannot listen on {str(path)!r}: {error.strerror or error}.",
                advice="Choose another place: CLOISTER_SOCKET.",
            ) from error
        listener.listen(_BACKLOG)
        listener.setblocking(False)
        try:
            yield listener
        finally:
            path.unlink(missing_ok=True)


def _remove_what_was_left(path: Path) -> None:
    if not path.is_socket():
        return
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        try:
            probe.connect(str(path))
        except ConnectionRefusedError:
            path.unlink()
            return
    raise BindRefused(
        f"Another server listens on {str(path)!r}.",
        advice="Use that one, stop it first, or choose another place: CLOISTER_SOCKET.",
    )
