"""Originals are whole, durable and named by content; names of people are never paths."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.files import MAX_NAME_LENGTH, Originals, display_name
from retrieval.errors import NotFound

CONTENT = b"The cloister has a garden.\n" * 1_000
SHA = sha256(CONTENT).hexdigest()


@pytest.fixture(params=["file", "memory"])
def originals(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Originals]:
    if request.param == "file":
        yield Originals((tmp_path / "originals").as_uri())
    else:
        yield Originals(f"memory://originals-{uuid4().hex}")


@pytest.fixture
def received(tmp_path: Path) -> Path:
    path = tmp_path / "received"
    path.write_bytes(CONTENT)
    return path


def test_what_was_saved_is_read_back(originals: Originals, received: Path) -> None:
    assert not originals.exists(SHA)
    originals.save(received, SHA)
    assert originals.exists(SHA)
    assert list(originals) == [SHA]
    with originals.open(SHA) as file:
        assert file.read() == CONTENT
    with originals.local_path(SHA) as path:
        assert path.read_bytes() == CONTENT
    assert received.read_bytes() == CONTENT


def test_saving_again_changes_nothing(originals: Originals, received: Path) -> None:
    originals.save(received, SHA)
    originals.save(received, SHA)
    assert list(originals) == [SHA]


def test_an_original_does_not_change_with_its_source(originals: Originals, received: Path) -> None:
    originals.save(received, SHA)
    with received.open("r+b") as file:
        file.write(b"changed")
    with originals.open(SHA) as file:
        assert file.read() == CONTENT


def test_what_is_deleted_is_gone(originals: Originals, received: Path) -> None:
    originals.save(received, SHA)
    originals.delete(SHA)
    originals.delete(SHA)
    assert list(originals) == []
    with pytest.raises(NotFound):
        originals.open(SHA)
    with pytest.raises(NotFound), originals.local_path(SHA):
        pass


def test_a_folder_that_is_not_there_yet_is_empty(originals: Originals) -> None:
    assert list(originals) == []
    originals.clear_unfinished()


def test_many_save_the_same_at_once(originals: Originals, received: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: originals.save(received, SHA), range(32)))
    assert list(originals) == [SHA]
    originals.clear_unfinished()
    with originals.open(SHA) as file:
        assert file.read() == CONTENT


def test_what_a_crash_left_half_written_is_cleared_away(tmp_path: Path, received: Path) -> None:
    folder = tmp_path / "originals"
    originals = Originals(folder.as_uri())
    originals.save(received, SHA)
    half = folder / SHA[:2] / f".{SHA}.12.34"
    half.write_bytes(CONTENT[:100])
    assert list(originals) == [SHA]
    originals.clear_unfinished()
    assert not half.exists()
    assert originals.exists(SHA)


def test_a_write_that_fails_leaves_nothing(tmp_path: Path) -> None:
    originals = Originals((tmp_path / "originals").as_uri())
    with pytest.raises(FileNotFoundError):
        originals.save(tmp_path / "not there", SHA)
    assert list(originals) == []
    assert [path for path in (tmp_path / "originals").rglob("*") if path.is_file()] == []


_SAVE = """
import sys
from pathlib import Path
from ingest.files import Originals
Originals(sys.argv[1]).save(Path(sys.argv[2]), sys.argv[3])
"""


def calls_of_a_save(originals: str, received: Path, trace: Path) -> str:
    """The system calls of a process that saves a file."""
    calls = "trace=openat,fsync,rename,renameat,renameat2,mkdir"
    command = ["strace", "-f", "-e", calls, "-o", str(trace), sys.executable, "-c", _SAVE]
    done = subprocess.run([*command, originals, str(received), SHA], check=False)
    if done.returncode:
        pytest.skip("strace may not be used here")
    return trace.read_text()


def test_a_file_is_synced_before_it_gets_its_name(tmp_path: Path, received: Path) -> None:
    if not any(Path(folder, "strace").exists() for folder in os.get_exec_path()):
        pytest.skip("strace is not installed")
    url = (tmp_path / "originals").as_uri()
    lines = calls_of_a_save(url, received, tmp_path / "trace").splitlines()
    calls = [line for line in lines if "fsync" in line or "rename" in line]
    named = next(n for n, line in enumerate(calls) if "rename" in line and SHA in line)
    assert any("fsync" in line for line in calls[:named])
    assert any("fsync" in line for line in calls[named:])


@pytest.mark.parametrize(
    ("given_name", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("2024/report.pdf", "2024/report.pdf"),
        ("../../etc/passwd", "etc/passwd"),
        ("/etc/passwd", "etc/passwd"),
        ("C:\\Users\\me\\report.pdf", "C:/Users/me/report.pdf"),
        ("..\\..\\boot.ini", "boot.ini"),
        (".\u200b./secret", "secret"),
        ("a/. ./b", "a/. ./b"),
        ("a/ .. /b", "a/b"),
        ("a\0b\ud800c\u202ed.txt", "abcd.txt"),
        ("re\u0301sume\u0301.txt", "résumé.txt"),
        ("line\nbreak\u2028.txt", "linebreak.txt"),
        ("", "unnamed"),
        ("..", "unnamed"),
        ("///", "unnamed"),
    ],
)
def test_names_are_made_fit_to_be_shown(given_name: str, shown: str) -> None:
    assert display_name(given_name) == shown


@given(st.text(alphabet=st.characters(exclude_categories=())))
@example("x/" * 600 + "../end")
@example("a" * 490 + "../../b")
def test_a_name_never_leads_anywhere(name: str) -> None:
    shown = display_name(name)
    assert 0 < len(shown) <= MAX_NAME_LENGTH
    assert not {"", ".", ".."} & set(shown.split("/"))
    assert "\0" not in shown
    shown.encode()
    assert display_name(shown) == shown
