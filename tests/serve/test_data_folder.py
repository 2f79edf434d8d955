from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
from pathlib import Path

import pytest

from retrieval.errors import DataFolderInUse
from serve.data_folder import DataFolder
from serve.errors import InvalidSetting

ROOT = Path(__file__).parent.parent.parent

HOLD = """
import sys, time
from pathlib import Path
from serve.data_folder import DataFolder
with DataFolder(Path(sys.argv[1])).held("http://127.0.0.1:9"):
    print("held", flush=True)
    time.sleep(60)
"""


def holding_process(path: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    process.stdout.close()
    return process


def test_it_is_made_for_its_owner_only(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "a" / "data")
    assert not folder.exists()
    with folder.held("http://x"):
        assert folder.path.stat().st_mode & 0o777 == 0o700
    assert folder.exists()


def test_the_holder_is_known_while_it_lives(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    assert folder.holder() is None
    process = holding_process(folder.path)
    try:
        holder = folder.holder()
        assert holder is not None
        assert (holder.pid, holder.url) == (process.pid, "http://127.0.0.1:9")
        with pytest.raises(DataFolderInUse) as refused, folder.held("http://second"):
            pass
        assert str(process.pid) in refused.value.message
        assert "http://127.0.0.1:9" in refused.value.message
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    assert folder.holder() is None
    with folder.held("http://second"):
        holder = folder.holder()
        assert holder is not None
        assert (holder.pid, holder.url) == (os.getpid(), "http://second")
    assert folder.holder() is None


def test_what_was_left_incoming_is_removed(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with folder.held(""):
        (folder.incoming / "left").write_bytes(b"half a file")
    with folder.held(""):
        assert list(folder.incoming.iterdir()) == []


def test_temporary_files_lie_in_it_and_what_a_crash_leaves_of_them_is_removed(
    tmp_path: Path,
) -> None:
    folder = DataFolder(tmp_path / "data")
    with folder.held(""):
        left = Path(tempfile.mkdtemp())
        (left / "page.png").write_bytes(b"what a document says")
        assert left.parent == folder.temporary
    with folder.held(""):
        assert list(folder.temporary.iterdir()) == []
    assert folder.temporary not in Path(tempfile.gettempdir(), "any").parents


def test_a_folder_that_cannot_be_made_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with (
        pytest.raises(InvalidSetting, match="cannot be used"),
        DataFolder(tmp_path / "file" / "data").held(""),
    ):
        pass


def test_sizes(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path / "data")
    with folder.held(""):
        before = folder.size_bytes()
        (folder.incoming / "x").write_bytes(b"1234")
        assert folder.size_bytes() == before + 4
        assert folder.free_bytes() > 0


def test_its_size_is_told_while_files_come_and_go(tmp_path: Path) -> None:
    folder = DataFolder(tmp_path)
    stopping = threading.Event()

    def churn() -> None:
        while not stopping.is_set():
            for number in range(50):
                (tmp_path / f"{number}").write_bytes(b"x")
            for number in range(50):
                (tmp_path / f"{number}").unlink()

    churning = threading.Thread(target=churn)
    churning.start()
    try:
        assert all(0 <= folder.size_bytes() <= 50 for _ in range(2_000))
    finally:
        stopping.set()
        churning.join()
