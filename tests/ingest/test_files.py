"""Originals are whole, durable and named by content; names of people are never paths."""

from __future__ import annotations

import os
import resource
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.errors import OriginalsUnusable
from ingest.files import MAX_NAME_LENGTH, Originals, display_name
from retrieval.errors import NotFound
from tests.contract.object_store import ObjectStore, reach_s3_at, served

CONTENT = b"The cloister has a garden.\n" * 1_000
SHA = sha256(CONTENT).hexdigest()


@pytest.fixture(scope="module")
def store() -> Iterator[ObjectStore]:
    with served() as store:
        yield store


@pytest.fixture
def bucket(store: ObjectStore, monkeypatch: pytest.MonkeyPatch) -> str:
    reach_s3_at(store.address, monkeypatch)
    return store.new_bucket()


@pytest.fixture(params=["file", "memory", "s3"])
def originals(request: pytest.FixtureRequest, tmp_path: Path) -> Originals:
    match request.param:
        case "file":
            return Originals((tmp_path / "originals").as_uri())
        case "memory":
            return Originals(f"memory://originals-{uuid4().hex}")
        case _:
            return Originals(f"s3://{request.getfixturevalue('bucket')}/originals")


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


def test_originals_know_their_owner(originals: Originals, received: Path) -> None:
    assert originals.owner() is None
    originals.claim("the first")
    originals.save(received, SHA)
    originals.clear_unfinished()
    assert originals.owner() == "the first"
    assert list(originals) == [SHA]
    originals.claim("another")
    assert originals.owner() == "another"


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


def test_what_another_process_deletes_is_gone_at_once(
    store: ObjectStore, bucket: str, received: Path
) -> None:
    """No listing is kept, by which an upload would be taken for saved and be lost."""
    originals = Originals(f"s3://{bucket}/originals")
    originals.save(received, SHA)
    assert list(originals) == [SHA]
    store.empty(bucket)
    assert not originals.exists(SHA)
    originals.save(received, SHA)
    assert store.keys(bucket) == [f"originals/{SHA[:2]}/{SHA}"]


def test_a_bucket_may_be_used_whole(store: ObjectStore, bucket: str, received: Path) -> None:
    originals = Originals(f"s3://{bucket}")
    assert list(originals) == []
    originals.save(received, SHA)
    assert list(originals) == [SHA]
    assert store.keys(bucket) == [f"{SHA[:2]}/{SHA}"]


def test_a_part_of_a_large_original_is_read(bucket: str, tmp_path: Path) -> None:
    content = os.urandom(9 << 20)
    path = tmp_path / "large"
    path.write_bytes(content)
    sha256_of_large = sha256(content).hexdigest()
    originals = Originals(f"s3://{bucket}/originals")
    originals.save(path, sha256_of_large)
    with originals.open(sha256_of_large) as file:
        assert file.seek(0, os.SEEK_END) == len(content)
        file.seek(8 << 20)
        assert file.read(100) == content[8 << 20 :][:100]


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("foo://bucket/originals", "Protocol not known: foo"),
        ("gcs://bucket/originals", "Please install gcsfs"),
    ],
)
def test_a_store_that_cannot_be_is_told(url: str, words: str) -> None:
    with pytest.raises(OriginalsUnusable, match=words) as refused:
        Originals(url)
    assert refused.value.code == "originals_unusable"
    assert "CLOISTER_ORIGINALS_URL" in refused.value.advice
    assert "pip install 'cloister[s3]'" in refused.value.advice


_WITHOUT_S3FS = """
import sys
sys.modules["s3fs"] = None
from ingest.errors import OriginalsUnusable
from ingest.files import Originals
try:
    Originals("s3://bucket/originals")
except OriginalsUnusable as error:
    print(error, error.advice)
"""


def test_a_package_that_is_not_installed_is_named() -> None:
    ran = subprocess.run(
        [sys.executable, "-c", _WITHOUT_S3FS], capture_output=True, text=True, check=True
    )
    assert "s3fs" in ran.stdout
    assert "pip install 'cloister[s3]'" in ran.stdout


def cannot_be_used(originals: Originals, received: Path) -> None:
    """Nothing can be saved or read, and nobody takes that for a file that is not there."""
    with pytest.raises(OriginalsUnusable):
        originals.save(received, SHA)
    with pytest.raises(OriginalsUnusable):
        originals.open(SHA)
    with pytest.raises(OriginalsUnusable), originals.local_path(SHA):
        pass
    with pytest.raises(OriginalsUnusable) as refused:
        list(originals)
    assert "CLOISTER_ORIGINALS_URL" in refused.value.advice


def test_a_bucket_that_is_not_there_is_told(
    store: ObjectStore, bucket: str, received: Path
) -> None:
    store.drop(bucket)
    originals = Originals(f"s3://{bucket}/originals")
    cannot_be_used(originals, received)
    originals.delete(SHA)


def test_a_store_that_nobody_answers_for_is_told(
    monkeypatch: pytest.MonkeyPatch, received: Path
) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    reach_s3_at(address, monkeypatch)
    originals = Originals("s3://bucket/originals")
    cannot_be_used(originals, received)
    with pytest.raises(OriginalsUnusable, match="Could not connect"):
        originals.delete(SHA)


def test_a_store_that_lets_nobody_in_is_told(
    bucket: str, monkeypatch: pytest.MonkeyPatch, received: Path
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    cannot_be_used(Originals(f"s3://{bucket}/originals"), received)


def test_a_full_disk_here_is_not_the_fault_of_the_store(bucket: str, received: Path) -> None:
    originals = Originals(f"s3://{bucket}/originals")
    originals.save(received, SHA)
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(CONTENT) // 2, before[1]))
    try:
        with pytest.raises(OSError, match="File too large"), originals.local_path(SHA):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
        signal.signal(signal.SIGXFSZ, handler)


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
