"""Runs a command in a process group of its own, and ends that group when its own input ends.

Whoever starts this holds the other end of its input, so that however they die, what runs here ends
with them. It is started as a file, by itself: it may import nothing of Cloister.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys
import time
from contextlib import suppress

_PR_SET_PDEATHSIG = 1
_GRACE_SECONDS = 10.0
_POLL_SECONDS = 0.2


def keep(words: list[str]) -> int:
    """The exit code of a command, which ends at the latest with our input or on SIGTERM."""
    stopping = False

    def stop(*_: object) -> None:
        nonlocal stopping
        stopping = True

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    process = subprocess.Popen(
        words,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with_the_keeper,
    )
    try:
        while process.poll() is None and not stopping and not _input_has_ended():
            pass
        process.terminate()
        with suppress(subprocess.TimeoutExpired):
            process.wait(_GRACE_SECONDS)
    finally:
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
    return process.wait()


def _die_with_the_keeper() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _input_has_ended() -> bool:
    """Whether whoever started this is gone; takes a moment to tell."""
    try:
        readable, _, _ = select.select([sys.stdin], [], [], _POLL_SECONDS)
        return bool(readable) and not os.read(0, 1)
    except OSError:
        time.sleep(_POLL_SECONDS)
        return True


if __name__ == "__main__":
    code = keep(sys.argv[1:])
    sys.exit(128 - code if code < 0 else code)
