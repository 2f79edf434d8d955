"""Nothing is sent anywhere: all that a user does is done where every packet out is counted."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.fixtures.namespaces import python, wired

_LEFT_OUT = (
    "--ignore=tests/e2e/test_no_network.py",
    # It tries to get out, to see that it cannot.
    "--ignore=tests/e2e/test_doctor.py",
)
_UDP = "socket.socket(socket.{}, socket.SOCK_DGRAM).sendto(b'x', ({!r}, 9))"
_TCP = """
import uvloop
async def connect():
    await asyncio.wait_for(asyncio.open_connection("198.51.100.1", 443), 1)
try:
    uvloop.run(connect())
except TimeoutError:
    pass
"""
_NAME = """
try:
    socket.gethostbyname("huggingface.co")
except OSError:
    pass
"""


@pytest.mark.parametrize(
    "attempt",
    [_UDP.format("AF_INET", "198.51.100.1"), _UDP.format("AF_INET6", "2001:db8:1::1"), _TCP, _NAME],
    ids=["UDP", "UDP by IPv6", "TCP by a loop in C", "a name"],
)
def test_what_goes_out_is_counted(tmp_path: Path, attempt: str) -> None:
    ran = wired(tmp_path, *python(f"import asyncio, socket\n{attempt}"))
    assert ran.code == 0, ran.out
    assert ran.packets > 0


def test_what_stays_on_this_machine_is_not(tmp_path: Path) -> None:
    talk = "import socket, time\n" + _UDP.format("AF_INET", "127.0.0.1") + "\ntime.sleep(3)"
    ran = wired(tmp_path, *python(talk))
    assert (ran.code, ran.packets) == (0, 0), ran.out


@pytest.mark.slow
@pytest.mark.timeout(2_400)
def test_all_that_a_user_does_sends_nothing_out(tmp_path: Path) -> None:
    pytest_here = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")
    ran = wired(tmp_path, *pytest_here, "tests/e2e", *_LEFT_OUT)
    assert ran.code == 0, ran.out
    assert " passed" in ran.out
    assert " skipped" not in ran.out
    assert ran.packets == 0, f"{ran.packets} packets went out\n{ran.out}"
