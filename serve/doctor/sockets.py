"""The open sockets of a process and of all that it started, as the kernel has them."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address, ip_address
from pathlib import Path

_PROC = Path("/proc")
_SOCKET = re.compile(r"socket:\[(\d+)\]")
_TABLES = ("tcp", "tcp6", "udp", "udp6")
_STATES = {"01": "established", "02": "connecting", "0A": "listening"}


@dataclass(frozen=True, slots=True)
class OpenSocket:
    """A socket of a process; ``is_outside`` if its other end is not on this machine."""

    pid: int
    kind: str
    local: str
    remote: str
    state: str
    is_outside: bool


def open_sockets(pid: int) -> list[OpenSocket]:
    """The sockets of a process and its descendants; those of others' processes are not shown."""
    found: list[OpenSocket] = []
    told: set[str] = set()
    for each in _family(pid):
        # A child that has only just begun still has its parent's, which are no others.
        inodes = set(_inodes(each)) - told
        told |= inodes
        for kind in _TABLES:
            found += [one for inode, one in _rows(each, kind) if inode in inodes]
        found += [one for inode, one in _unix_rows(each) if inode in inodes]
    return found


def _family(pid: int) -> Iterator[int]:
    yield pid
    for task in _entries(_PROC / str(pid) / "task"):
        with suppress(OSError):
            children = (task / "children").read_text(encoding="ascii")
            for child in children.split():
                yield from _family(int(child))


def _inodes(pid: int) -> Iterator[str]:
    for descriptor in _entries(_PROC / str(pid) / "fd"):
        # One that is closed meanwhile hides none of the others.
        with suppress(OSError):
            if match := _SOCKET.fullmatch(os.readlink(descriptor)):
                yield match[1]


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:
        return []


def _lines(pid: int, table: str) -> list[list[str]]:
    try:
        text = (_PROC / str(pid) / "net" / table).read_text(encoding="utf-8", errors="replace")
    except OSError:
        return []
    return [line.split() for line in text.splitlines()[1:]]


def _rows(pid: int, kind: str) -> Iterator[tuple[str, OpenSocket]]:
    for columns in _lines(pid, kind):
        (local, _), (remote, far) = _address(columns[1]), _address(columns[2])
        outside = not (far.is_loopback or far.is_unspecified)
        state = _STATES.get(columns[3], "")
        yield columns[9], OpenSocket(pid, kind, local, remote, state, outside)


def _unix_rows(pid: int) -> Iterator[tuple[str, OpenSocket]]:
    for columns in _lines(pid, "unix"):
        path = columns[7] if len(columns) > 7 else "(no name)"
        yield columns[6], OpenSocket(pid, "unix", path, "", "", is_outside=False)


def _address(text: str) -> tuple[str, IPv4Address | IPv6Address]:
    host, _, port = text.partition(":")
    raw = bytes.fromhex(host)
    # The kernel writes each word of four bytes in its own order.
    words = struct.unpack(f"={len(raw) // 4}I", raw)
    address = ip_address(struct.pack(f">{len(words)}I", *words))
    if isinstance(address, IPv6Address) and address.ipv4_mapped:
        address = address.ipv4_mapped
    shown = f"[{address}]" if address.version == 6 else str(address)
    return f"{shown}:{int(port, 16)}", address
