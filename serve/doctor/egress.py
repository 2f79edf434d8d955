"""Whether anything gets out of here: tried, not concluded."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

SECONDS = 4.0

_DNS_PORT = 53
# A question for the address of example.com, as it goes over the wire.
_QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x07example\x03com\x00\x00\x01\x00\x01"


@dataclass(frozen=True, slots=True)
class Attempt:
    """A way out that was tried; ``got_out`` is bad news, and ``detail`` says how it went."""

    way: str
    got_out: bool
    detail: str


@dataclass(frozen=True, slots=True)
class Ways:
    """Where to try to get: names to resolve, addresses to connect to, and servers to ask by UDP."""

    names: Sequence[str] = ("example.com", "example.org")
    addresses: Sequence[tuple[str, int]] = (
        ("1.1.1.1", 443),
        ("8.8.8.8", 53),
        ("9.9.9.9", 80),
        ("2606:4700:4700::1111", 443),
    )
    resolvers: Sequence[tuple[str, int]] = (
        ("1.1.1.1", _DNS_PORT),
        ("8.8.8.8", _DNS_PORT),
        ("2001:4860:4860::8888", _DNS_PORT),
    )


def attempts(ways: Ways | None = None, seconds: float = SECONDS) -> list[Attempt]:
    """What became of each way, all tried at once."""
    ways = ways or Ways()
    tries: list[tuple[str, Callable[[], str]]] = [
        *((f"resolve {name}", partial(_resolved, name)) for name in ways.names),
        *((f"tcp {_shown(each)}", partial(_connected, each, seconds)) for each in ways.addresses),
        *((f"udp {_shown(each)}", partial(_answered, each, seconds)) for each in ways.resolvers),
    ]
    running = [_Try(way, do) for way, do in tries]
    return [each.attempt(seconds + 1) for each in running]


class _Try:
    """A try in a thread of its own, for a resolver keeps its own time."""

    def __init__(self, way: str, do: Callable[[], str]) -> None:
        self._way = way
        self._do = do
        self._attempt: Attempt | None = None
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._attempt = Attempt(self._way, got_out=True, detail=self._do())
        except OSError as error:
            detail = error.strerror or str(error) or type(error).__name__
            self._attempt = Attempt(self._way, got_out=False, detail=detail)

    def attempt(self, seconds: float) -> Attempt:
        """What became of it; what takes too long did not get out."""
        self._thread.join(seconds)
        return self._attempt or Attempt(self._way, got_out=False, detail="no answer")


def _resolved(name: str) -> str:
    return str(socket.getaddrinfo(name, 443)[0][4][0])


def _connected(address: tuple[str, int], seconds: float) -> str:
    with socket.create_connection(address, timeout=seconds):
        return "connected"


def _answered(address: tuple[str, int], seconds: float) -> str:
    family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
    with socket.socket(family, socket.SOCK_DGRAM) as asking:
        asking.settimeout(seconds)
        asking.connect(address)
        asking.send(_QUERY)
        return f"{len(asking.recv(512))} bytes came back"


def _shown(address: tuple[str, int]) -> str:
    host, port = address
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
