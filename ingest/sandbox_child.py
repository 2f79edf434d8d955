"""The program that runs in the sandbox: limits itself first, then imports a parser and runs it.

Started by ``ingest.sandbox`` as a script, with one argument: the request as JSON.
"""

from __future__ import annotations

import ctypes
import json
import logging
import os
import resource
import signal
import sys
from pathlib import Path

_PR_SET_PDEATHSIG = 1
_CLONE_NEWUSER = 0x10000000
_CLONE_NEWNET = 0x40000000


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


def main() -> None:
    """Run the request in ``sys.argv[1]``."""
    request = json.loads(sys.argv[1])
    confine(request["limits"], request["parent"])
    logging.disable()
    sys.path.append(str(Path(__file__).resolve().parent.parent))
    from ingest.sandbox_lines import write_lines

    with os.fdopen(_private_stdout(), "wb") as out:
        write_lines(Path(request["path"]), request["media_type"], out)


if __name__ == "__main__":
    main()
