"""The main path where there is no network at all: a kernel namespace with nothing but loopback."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_ROOT = Path(__file__).parent.parent.parent

# Brings loopback up by ioctl (SIOCSIFFLAGS, IFF_UP), proves that nothing else is there, then
# becomes pytest.
_INSIDE = """
import fcntl, os, socket, struct, sys
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
    fcntl.ioctl(any_socket, 0x8914, struct.pack("16sh14x", b"lo", 1))
    try:
        any_socket.connect(("192.0.2.1", 9))
    except OSError:
        pass
    else:
        sys.exit("there is a route out of the namespace")
pytest = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
os.execv(sys.executable, [*pytest, *sys.argv[1:]])
"""


@pytest.mark.slow
def test_the_main_path_needs_no_network(tmp_path: Path) -> None:
    namespace = ["unshare", "--user", "--map-root-user", "--net"]
    try:
        permitted = subprocess.run([*namespace, "true"], check=False, capture_output=True)
    except FileNotFoundError:
        pytest.skip("NOT SHOWN that no network is needed: there is no unshare here")
    if permitted.returncode:
        pytest.skip("NOT SHOWN that no network is needed: namespaces are not permitted here")
    done = subprocess.run(
        [*namespace, sys.executable, "-c", _INSIDE, "tests/e2e/test_main_path.py"],
        cwd=_ROOT,
        env={**os.environ, "TMPDIR": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert " passed" in done.stdout
    assert " skipped" not in done.stdout
