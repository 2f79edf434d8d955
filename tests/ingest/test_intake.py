"""What is acknowledged is kept once; what is deleted is gone; the two may race."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, ThreadPoolExecutor
from contextlib import closing
from dataclasses import replace
from hashlib import sha256
from multiprocessing import get_context
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import Connection

from ingest import jobs
from ingest.errors import EmptyFile, OriginalsUnusable, UnsupportedFormat
from ingest.files import Originals
from ingest.intake import Intake, Receipt, ReceivedFile
from ingest.job_listing import job_of_document
from retrieval.database import Database
from retrieval.errors import NotFound
from retrieval.store import DocumentFilter, list_documents
from retrieval.types import Document, DocumentState
from tests.retrieval.filling import a_collection, all_of, put

TEXT = "The cloister has a garden."


@pytest.fixture(params=["file", "memory"])
def originals(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Originals]:
    if request.param == "file":
        yield Originals((tmp_path / "originals").as_uri())
    else:
        yield Originals(f"memory://originals-{uuid4().hex}")


@pytest.fixture
def intake(database: Database, originals: Originals) -> Intake:
    a_collection(database)
    return Intake(database, originals)


def received(folder: Path, text: str = TEXT, name: str = "a.txt") -> ReceivedFile:
    path = folder / f"received-{uuid4().hex}"
    path.write_text(text)
    content = path.read_bytes()
    return ReceivedFile(path, name, sha256(content).hexdigest(), len(content))


def documents(database: Database) -> list[Document]:
    with database.read() as connection:
        return list_documents(connection, DocumentFilter(all_of(1, 2)))


def test_a_new_file_becomes_a_document_that_waits(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    receipt = intake.accept(received(tmp_path), 1)
    assert receipt.is_new
    assert receipt.document.state is DocumentState.QUEUED
    assert receipt.document.media_type == "text/plain"
    assert list(originals) == [receipt.document.content_sha256]
    with database.read() as connection:
        job = job_of_document(connection, receipt.document.id)
    assert (job.id, job.total, job.unit) == (receipt.job_id, len(TEXT), "bytes")


def test_the_same_content_is_the_same_document(intake: Intake, tmp_path: Path) -> None:
    first = intake.accept(received(tmp_path), 1)
    again = intake.accept(received(tmp_path, name="b.txt"), 1)
    assert again == replace(first, is_new=False)


def test_a_file_is_taken_in_though_bytes_that_nothing_needs_cannot_be_deleted(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    a_collection(database)
    originals = Originals((tmp_path / "originals").as_uri())
    intake = Intake(database, originals)
    first = intake.accept(received(tmp_path, name="a.txt"), 1).document
    with database.write() as connection:
        put(connection, first.id, [TEXT])
    outdated = intake.accept(received(tmp_path, "The well is dry.", "b.txt"), 1).document
    with originals.local_path(outdated.content_sha256) as path:
        path.unlink()
        # A folder is deleted by nobody who deletes a file.
        (path / "inside").mkdir(parents=True)
    receipt = intake.accept(received(tmp_path, name="b.txt"), 1)
    assert [each.id for each in documents(database)] == [receipt.document.id] == [first.id]
    assert "stay until the next start" in caplog.text


def test_a_failed_document_is_tried_again_when_it_comes_again(
    intake: Intake, database: Database, tmp_path: Path
) -> None:
    first = intake.accept(received(tmp_path), 1)
    with database.write() as connection:
        jobs.cancel(connection, first.job_id)
    assert documents(database)[0].state is DocumentState.FAILED
    again = intake.accept(received(tmp_path), 1)
    assert (again.document.id, again.is_new) == (first.document.id, False)
    assert documents(database)[0].state is DocumentState.QUEUED


@pytest.mark.parametrize(
    ("content", "error"), [("", EmptyFile), ("  \n", EmptyFile), ("%!PS", UnsupportedFormat)]
)
def test_a_file_that_cannot_become_a_document_leaves_nothing(
    intake: Intake,
    database: Database,
    originals: Originals,
    tmp_path: Path,
    content: str,
    error: type[Exception],
) -> None:
    with pytest.raises(error):
        intake.accept(received(tmp_path, content), 1)
    assert documents(database) == []
    assert list(originals) == []


def test_a_collection_that_does_not_exist_takes_nothing(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    with pytest.raises(NotFound):
        intake.accept(received(tmp_path), 77)
    assert documents(database) == []
    assert intake.sweep() == 0
    assert list(originals) == []


def test_threads_that_bring_the_same_content_get_one_document(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    def accept(_: int) -> Receipt:
        return intake.accept(received(tmp_path), 1)

    with ThreadPoolExecutor(6) as pool:
        receipts = list(pool.map(accept, range(18)))
    assert len({(receipt.document.id, receipt.job_id) for receipt in receipts}) == 1
    assert sum(receipt.is_new for receipt in receipts) == 1
    assert len(documents(database)) == 1
    assert list(originals) == [receipts[0].document.content_sha256]


def accept_in_a_process(url: str, originals: str, folder: Path) -> list[tuple[int, bool]]:
    with closing(Database(url)) as database:
        intake = Intake(database, Originals(originals))
        files = [received(folder, f"text {n}", f"{n}.txt") for n in range(10)]
        receipts = [intake.accept(file, 1) for file in files]
    return [(receipt.document.id, receipt.is_new) for receipt in receipts]


def test_processes_that_bring_the_same_content_get_one_document(
    database: Database, tmp_path: Path
) -> None:
    a_collection(database)
    url = database.url.render_as_string(hide_password=False)
    originals = (tmp_path / "originals").as_uri()
    with ProcessPoolExecutor(3, mp_context=get_context("forkserver")) as pool:
        futures = [pool.submit(accept_in_a_process, url, originals, tmp_path) for _ in range(3)]
        results = [future.result() for future in futures]
    for content in range(10):
        assert len({result[content][0] for result in results}) == 1
        assert sum(result[content][1] for result in results) == 1
    assert len(list(Originals(originals))) == len(documents(database)) == 10


def test_a_deleted_document_takes_its_file_along(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    receipt = intake.accept(received(tmp_path), 1)
    with database.write() as connection:
        put(connection, receipt.document.id, [TEXT])
    intake.delete(receipt.document.id)
    assert documents(database) == []
    assert list(originals) == []
    with pytest.raises(NotFound):
        intake.delete(receipt.document.id)


def test_a_file_stays_while_another_document_has_it(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    other = a_collection(database, "other")
    first = intake.accept(received(tmp_path), 1).document
    second = intake.accept(received(tmp_path), other).document
    intake.delete(first.id)
    assert list(originals) == [second.content_sha256]
    intake.delete(second.id)
    assert list(originals) == []


def test_deleting_and_bringing_the_same_content_may_race(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    """Whoever wins, no document that lives is without its file."""
    ended = threading.Event()

    def bring() -> None:
        try:
            for _ in range(40):
                intake.accept(received(tmp_path), 1)
        finally:
            ended.set()

    def delete() -> None:
        while not ended.is_set():
            for document in documents(database):
                intake.delete(document.id)

    def look() -> int:
        seen = 0
        while not ended.is_set():
            with database.write() as connection:
                found = list_documents(connection, DocumentFilter(all_of(1)))
                assert all(originals.exists(one.content_sha256) for one in found)
                seen += len(found)
        return seen

    with ThreadPoolExecutor(3) as pool:
        seen = pool.submit(look)
        for task in (pool.submit(bring), pool.submit(delete)):
            task.result()
        seen.result()
    referred = {document.content_sha256 for document in documents(database)}
    assert set(originals) == referred


def test_a_sweep_removes_orphans_only(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    kept = intake.accept(received(tmp_path), 1).document
    orphan = received(tmp_path, "nobody refers to this")
    originals.save(orphan.path, orphan.sha256)
    assert intake.sweep() == 1
    assert list(originals) == [kept.content_sha256]
    assert intake.sweep() == 0


@pytest.mark.parametrize("swept_before", [True, False])
def test_the_files_of_another_database_are_not_swept(
    intake: Intake, originals: Originals, tmp_path: Path, swept_before: bool
) -> None:
    kept = intake.accept(received(tmp_path), 1).document
    if swept_before:
        intake.sweep()
    with closing(Database(f"sqlite:///{tmp_path / 'another.db'}")) as another:
        another.migrate()
        with pytest.raises(OriginalsUnusable, match="of another database"):
            Intake(another, originals).sweep()
    assert list(originals) == [kept.content_sha256]
    assert intake.sweep() == 0


def test_files_can_be_given_to_another_database(
    intake: Intake, originals: Originals, tmp_path: Path
) -> None:
    intake.accept(received(tmp_path), 1)
    with closing(Database(f"sqlite:///{tmp_path / 'another.db'}")) as another:
        another.migrate()
        with pytest.raises(OriginalsUnusable) as refused:
            Intake(another, originals).sweep()
        (number,) = re.findall(r"write ([0-9a-f]{16}) to the file 'owner'", refused.value.advice)
        originals.claim(number)
        assert Intake(another, originals).sweep() == 1


def test_a_sweep_beside_an_acceptance_takes_no_file_away(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path
) -> None:
    ended = threading.Event()

    def sweep() -> None:
        while not ended.is_set():
            with database.read() as connection:
                orphans = [sha for sha in originals if sha not in _used(connection)]
            intake.forget(orphans)

    with ThreadPoolExecutor(1) as pool:
        sweeping = pool.submit(sweep)
        try:
            for number in range(30):
                intake.accept(received(tmp_path, f"text {number}"), 1)
        finally:
            ended.set()
        sweeping.result()
    assert set(originals) == {document.content_sha256 for document in documents(database)}
    assert len(documents(database)) == 30


def _used(connection: Connection) -> set[str]:
    found = list_documents(connection, DocumentFilter(all_of(1)))
    return {document.content_sha256 for document in found}


@pytest.mark.parametrize(
    "name", ["../../etc/passwd", "/etc/passwd", "a\0b", "\ud800", "..", "C:\\x"]
)
def test_a_name_never_becomes_a_path(
    intake: Intake, database: Database, originals: Originals, tmp_path: Path, name: str
) -> None:
    receipt = intake.accept(received(tmp_path, name=name), 1)
    assert list(originals) == [receipt.document.content_sha256]
    assert documents(database)[0].name == receipt.document.name
    inside = {"originals", "cloister.db", "cloister.db-wal", "cloister.db-shm"}
    others = {path.name for path in tmp_path.iterdir() if not path.name.startswith("received")}
    assert others <= inside | {"cloister.db.writer"}
