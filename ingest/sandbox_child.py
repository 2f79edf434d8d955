"""The program that runs in the sandbox: limits itself first, then imports a parser and runs it.

Started by ``ingest.sandbox`` as a script, with one argument: the request as JSON, or the descriptor
of the socket by which ``ingest.nursery`` sends requests, for each of which it forks.
"""

from __future__ import annotations

import ctypes
import gc
import json
import logging
import os
import resource
import select
import signal
import socket
import sys
import tempfile
import traceback
from contextlib import suppress
from pathlib import Path
from typing import Any, NoReturn

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000
_PEEK = os.WEXITED | os.WNOHANG | os.WNOWAIT
_TICK_SECONDS = 0.005
_REQUEST_BYTES = 1 << 16


def confine(limits: dict[str, int], parent: int) -> None:
    """Limit memory, CPU, files and core dumps; die with the parent; lose the network if allowed."""
    cpu = limits["cpu_seconds"]
    for name, soft, hard in (
        (resource.RLIMIT_AS, limits["memory_bytes"], limits["memory_bytes"]),
        (resource.RLIMIT_CPU, cpu, cpu + 5),
        (resource.RLIMIT_FSIZE, limits["file_bytes"], limits["file_bytes"]),
        (resource.RLIMIT_NOFILE, limits["open_files"], limits["open_files"]),
        (resource.RLIMIT_CORE, 0, 0),
    ):
        _limit(name, soft, hard)
    if sys.platform == "linux":
        libc = ctypes.CDLL(None, use_errno=True)
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        if os.getppid() != parent:
            os._exit(1)
        if libc.unshare(_CLONE_NEWNET) != 0:
            libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)


def _limit(name: int, soft: int, hard: int) -> None:
    _, ceiling = resource.getrlimit(name)
    if ceiling != resource.RLIM_INFINITY:
        soft, hard = min(soft, ceiling), min(hard, ceiling)
    try:
        resource.setrlimit(name, (soft, hard))
    except (OSError, ValueError):  # macOS refuses RLIMIT_AS; the other limits still hold
        sys.stderr.write(f"rlimit {name} was refused\n")


def _private_stdout() -> int:
    """Stdout under a new descriptor; what a library prints goes to stderr from now on."""
    private = os.dup(1)
    os.dup2(2, 1)
    return private


def serve(connection: socket.socket) -> None:
    """Fork a child for each request, and tell its process id and return code."""
    # Only to have them loaded in every child; numpy leaves its masked arrays to the first use.
    import numpy.ma  # noqa: F401

    import ingest.parsers.pdf
    import ingest.sandbox_lines  # noqa: F401

    gc.freeze()  # so that a child's collector does not touch, and so copy, what it shares with us
    while True:
        data, descriptors, _, _ = socket.recv_fds(connection, _REQUEST_BYTES, 2)
        if not data:
            return
        own = os.getpid()
        pid = os.fork()
        if pid == 0:
            connection.close()
            _run_forked(json.loads(data), descriptors, own)
        _lead_own_group(pid)
        for descriptor in descriptors:
            os.close(descriptor)
        connection.sendall(b"%d\n" % pid)
        if not _outlived(connection, pid):
            return


def _lead_own_group(pid: int) -> None:
    # By parent and child alike, so that it is done when either of them goes on.
    with suppress(ProcessLookupError, PermissionError):
        os.setpgid(pid, pid)


def _run_forked(request: dict[str, Any], descriptors: list[int], parent: int) -> NoReturn:
    """Become the child of one request; never returns into the loop of the nursery."""
    code = 1
    try:
        _lead_own_group(os.getpid())
        os.chdir(request["folder"])
        tempfile.tempdir = request["folder"]
        for target, descriptor in enumerate(descriptors, start=1):
            os.dup2(descriptor, target)
            os.close(descriptor)
        _work(request, parent)
        code = 0
    except BaseException:
        traceback.print_exc()
        raise
    finally:
        sys.stderr.flush()
        os._exit(code)


def _outlived(connection: socket.socket, pid: int) -> bool:
    """Tell a child's return code; whether whoever asked for it is still there."""
    is_there = True
    while is_there and (status := os.waitid(os.P_PID, pid, _PEEK)) is None:
        # While the child lives nothing is sent to us: what can be read is the end.
        is_there = not select.select([connection], [], [], _TICK_SECONDS)[0]
    if is_there and status is not None:
        code = status.si_status if status.si_code == os.CLD_EXITED else -status.si_status
        connection.sendall(b"%d\n" % code)
        # It is reaped only now, so that its id was nobody else's while it might be killed.
        is_there = connection.recv(len(b"reap\n")) != b""
    else:
        os.killpg(pid, signal.SIGKILL)
    os.waitpid(pid, 0)
    return is_there


def _work(request: dict[str, Any], parent: int) -> None:
    confine(request["limits"], parent)
    from ingest.sandbox_lines import write_lines, write_picture

    with os.fdopen(_private_stdout(), "wb") as out:
        if "picture" in request:
            write_picture(Path(request["path"]), request["picture"], out)
        else:
            write_lines(Path(request["path"]), request["media_type"], out)


def main() -> None:
    """Run the request in ``sys.argv[1]``, or serve on the socket that it names."""
    logging.disable()
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    if sys.argv[1].isdigit():
        with socket.socket(fileno=int(sys.argv[1])) as connection:
            serve(connection)
    else:
        request = json.loads(sys.argv[1])
        _work(request, request["parent"])


if __name__ == "__main__":
    main()
