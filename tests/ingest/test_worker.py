"""Worker processes work the queue off, and die without harm."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from hashlib import sha256
from multiprocessing import get_context
from multiprocessing.connection import Connection as Pipe
from pathlib import Path

import psutil
import pytest

from ingest import jobs
from ingest.chunking import ChunkSize
from ingest.files import Originals
from ingest.intake import ANYBODY, Intake, ReceivedFile, Uploader
from ingest.job_listing import Job, JobFilter, list_jobs
from ingest.jobs import Stage, Wanted
from ingest.pipeline import Pipeline
from ingest.sandbox import Limits
from ingest.worker import Lane, Turns, WorkerOptions
from ingest.workers import Workers
from retrieval.database import Database
from retrieval.embedder import HashEmbedder
from retrieval.embedder_choice import EmbedderChoice
from retrieval.store import DocumentFilter, get_document, list_documents
from retrieval.types import Document, DocumentState
from tests.contract.embedding_server import KEY, LoopbackEmbeddings, served
from tests.contract.object_store import reach_s3_at
from tests.contract.object_store import served as served_s3
from tests.faults.site import text_of, wait_until
from tests.fixtures.processes import is_alive
from tests.retrieval.filling import a_collection, all_of

READY = DocumentState.READY


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    with closing(Database(f"sqlite:///{tmp_path}/cloister.db")) as database:
        database.migrate()
        a_collection(database)
        yield database


@pytest.fixture
def options(tmp_path: Path) -> WorkerOptions:
    return WorkerOptions(
        database_url=f"sqlite:///{tmp_path}/cloister.db",
        originals_url=(tmp_path / "originals").as_uri(),
        embedder=EmbedderChoice(tmp_path / "embedders", "hash"),
    )


@pytest.fixture
def embeddings() -> Iterator[LoopbackEmbeddings]:
    with served() as embeddings:
        yield embeddings


def by_server(options: WorkerOptions, embeddings: LoopbackEmbeddings) -> WorkerOptions:
    choice = replace(options.embedder, model="served", url=embeddings.url, key=KEY)
    return replace(options, embedder=choice)


@contextmanager
def at_work(database: Database, options: WorkerOptions, count: int = 1) -> Iterator[Workers]:
    workers = Workers(database, options, count)
    workers.start()
    try:
        yield workers
    finally:
        workers.stop()


@dataclass(frozen=True, slots=True)
class Numbered(Uploader):
    """One of several people."""

    number: int

    @property
    def id(self) -> int:
        return self.number


def add(
    database: Database, options: WorkerOptions, name: str, text: str, uploader: Uploader = ANYBODY
) -> int:
    path = Path(str(database.url.database)).with_name("incoming")
    path.write_text(text)
    file = ReceivedFile(path, name, sha256(text.encode()).hexdigest(), len(text.encode()))
    return Intake(database, Originals(options.originals_url)).accept(file, 1, uploader).document.id


def documents(database: Database) -> list[Document]:
    with database.read() as connection:
        return list_documents(connection, DocumentFilter(all_of(1)))


def state(database: Database, document: int) -> DocumentState:
    with database.read() as connection:
        return get_document(connection, document).state


def is_ready(database: Database, document: int) -> bool:
    return state(database, document) is READY


def all_jobs(database: Database) -> list[Job]:
    with database.read() as connection:
        return list_jobs(connection, JobFilter(all_of(1)))


def running(database: Database) -> list[int]:
    """The documents that are worked on."""
    return [
        job.document_id
        for job in all_jobs(database)
        if job.stage in (Stage.PARSING, Stage.EMBEDDING)
    ]


def settled(database: Database) -> bool:
    return all(job.stage not in jobs.ACTIVE_STAGES for job in all_jobs(database))


def test_several_workers_take_in_many_documents(database: Database, options: WorkerOptions) -> None:
    for number in range(6):
        add(database, options, f"{number}.txt", text_of(str(number), 1))
    with at_work(database, options, count=2):
        wait_until(lambda: settled(database))
    assert {document.state for document in documents(database)} == {READY}
    assert {job.attempts for job in all_jobs(database)} == {1}


def test_a_killed_worker_is_replaced_and_its_job_goes_on(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    document = add(database, options, "a.txt", text_of("a", 1))
    killed: list[int] = []
    with at_work(database, by_server(options, embeddings)) as workers:

        def kill_once(texts: list[str]) -> None:
            if "garden" in texts[0] and not killed:
                killed.extend(workers.pids())
                os.kill(killed[0], signal.SIGKILL)

        embeddings.on_texts = kill_once
        wait_until(lambda: settled(database))
        assert workers.pids() != killed
    assert killed
    assert state(database, document) is READY
    assert [job.attempts for job in all_jobs(database)] == [2]


def test_a_document_that_kills_its_worker_is_set_aside_and_others_go_on(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    poison = add(database, options, "poison.txt", text_of("poison", 1) + " poison")
    healthy = [add(database, options, f"{n}.txt", text_of(str(n), 1)) for n in range(3)]
    deaths: list[int] = []
    with at_work(database, by_server(options, embeddings)) as workers:

        def kill(texts: list[str]) -> None:
            if any(text.endswith("poison") for text in texts):
                deaths.extend(workers.pids())
                os.kill(workers.pids()[0], signal.SIGKILL)

        embeddings.on_texts = kill
        wait_until(lambda: settled(database))
    with database.read() as connection:
        assert get_document(connection, poison).error_code == "quarantined"
    assert [state(database, document) for document in healthy] == [READY] * 3
    assert len(deaths) == jobs.MAX_ATTEMPTS


def test_workers_that_are_stopped_give_their_jobs_back(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    text = "\n\n".join(text_of(str(number), 1) for number in range(60))
    document = add(database, options, "long.txt", text)
    embedding = threading.Event()
    stopped = threading.Event()

    def slow(texts: list[str]) -> None:
        if "garden" in texts[0]:
            embedding.set()
            stopped.wait(2)

    embeddings.on_texts = slow
    with at_work(database, by_server(options, embeddings)):
        assert embedding.wait(120)
    stopped.set()
    (job,) = all_jobs(database)
    assert (job.stage, job.attempts) == (Stage.QUEUED, 0)
    with at_work(database, options):
        wait_until(lambda: settled(database))
    assert state(database, document) is READY


def test_a_restart_takes_up_what_a_killed_server_left(
    database: Database, options: WorkerOptions
) -> None:
    document = add(database, options, "a.txt", text_of("a", 1))
    with database.write() as connection:
        jobs.claim(connection, "a worker of long ago")
    with at_work(database, options):
        wait_until(lambda: settled(database))
    assert state(database, document) is READY
    assert [job.attempts for job in all_jobs(database)] == [2]


def run_a_parent(options: WorkerOptions, pipe: Pipe) -> None:
    with closing(Database(options.database_url)) as database:
        workers = Workers(database, options, 2)
        workers.start()
        wait_until(lambda: len(workers.pids()) == 2)
        pipe.send(workers.pids())
        threading.Event().wait()


def test_workers_end_with_their_parent(database: Database, options: WorkerOptions) -> None:
    context = get_context("forkserver")
    ours, theirs = context.Pipe(duplex=False)
    parent = context.Process(target=run_a_parent, args=(options, theirs))
    parent.start()
    pids = ours.recv()
    assert all(psutil.pid_exists(pid) for pid in pids)
    parent.kill()
    parent.join()
    wait_until(lambda: not any(is_alive(pid) for pid in pids))


def test_a_worker_is_not_ended_by_ctrl_c(database: Database, options: WorkerOptions) -> None:
    first = add(database, options, "a.txt", text_of("a", 1))
    with at_work(database, options) as workers:
        wait_until(lambda: state(database, first) is READY)
        before = workers.pids()
        os.kill(before[0], signal.SIGINT)
        second = add(database, options, "b.txt", text_of("b", 1))
        wait_until(lambda: state(database, second) is READY)
        assert workers.pids() == before


def test_a_job_begun_before_runs_alone() -> None:
    turns = Turns(2)
    assert turns.begin(Wanted.NEW)
    assert turns.begin(Wanted.NEW)
    assert not turns.begin(Wanted.TRIED)
    turns.end()
    assert not turns.begin(Wanted.TRIED)
    turns.end()
    assert turns.begin(Wanted.TRIED)
    assert not turns.begin(Wanted.NEW)
    assert not turns.begin(Wanted.TRIED)
    turns.end()
    assert turns.begin(Wanted.NEW)


def test_a_job_begun_before_lets_new_ones_go_first_for_a_while() -> None:
    now = 0.0
    turns = Turns(2, patience=60, clock=lambda: now)
    assert turns.begin(Wanted.NEW)
    turns.note_waiting(True)
    now = 60.0
    turns.note_waiting(True)
    assert turns.begin(Wanted.NEW)
    now = 61.0
    turns.end()
    assert not turns.begin(Wanted.NEW)
    assert not turns.begin(Wanted.TRIED)
    turns.end()
    assert turns.begin(Wanted.TRIED)
    turns.end()
    assert turns.begin(Wanted.NEW)
    turns.note_waiting(True)
    now = 200.0
    turns.note_waiting(False)
    assert turns.begin(Wanted.NEW)


def test_the_lane_of_newcomers_works_once_the_others_do() -> None:
    turns = Turns(2)
    assert not turns.begin(Wanted.OF_NEWCOMERS)
    assert turns.begin(Wanted.NEW)
    assert not turns.begin(Wanted.OF_NEWCOMERS)
    assert turns.begin(Wanted.NEW)
    assert turns.begin(Wanted.OF_NEWCOMERS)


def test_nobody_waits_for_the_large_documents_of_another(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    one, other = Numbered(1), Numbered(2)
    large = [add(database, options, f"large {n}.txt", text_of(str(n), 1), one) for n in range(6)]
    done = threading.Event()

    def slow(texts: list[str]) -> None:
        if "large" in texts[0]:
            done.wait()

    embeddings.on_texts = slow
    with at_work(database, by_server(options, embeddings)):
        try:
            wait_until(lambda: len(running(database)) == options.lanes)
            for n in range(3):
                note = add(database, options, f"note {n}.txt", text_of(f"note {n}", 1), other)
                wait_until(partial(is_ready, database, note))
                assert running(database) == large[: options.lanes]
        finally:
            done.set()
        wait_until(lambda: settled(database))
    assert {document.state for document in documents(database)} == {READY}


def test_documents_that_the_embedding_server_refuses_keep_no_others_waiting(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    refused = [add(database, options, f"{n}.txt", f"refused {n} " * 40) for n in range(3)]
    healthy = add(database, options, "healthy.txt", text_of("healthy", 1))
    embeddings.refuses = lambda text: "refused" in text
    with at_work(database, by_server(options, embeddings)):
        wait_until(lambda: settled(database))
    assert is_ready(database, healthy)
    with database.read() as connection:
        failed = [get_document(connection, document) for document in refused]
    assert {each.error_code for each in failed} == {"embedding_refused"}
    assert all("413" in str(each.error_message) for each in failed)


def test_a_document_waits_for_an_embedding_server_that_is_out_of_order(
    database: Database, options: WorkerOptions, embeddings: LoopbackEmbeddings
) -> None:
    document = add(database, options, "a.txt", text_of("a", 1))
    embeddings.troubles = [(200, {}, embeddings.body(["dimensions"])), (500, {}, b"out of order")]
    with at_work(database, by_server(options, embeddings)):
        wait_until(lambda: settled(database))
    assert is_ready(database, document)
    assert [job.attempts for job in all_jobs(database)] == [1]


def test_a_lane_survives_a_database_that_is_away(
    database: Database, options: WorkerOptions, caplog: pytest.LogCaptureFixture
) -> None:
    """A lane whose writes fail for a while fails no document, and goes on afterwards."""
    document = add(database, options, "a.txt", text_of("a", 1))
    pipeline = Pipeline(
        database, Originals(options.originals_url), HashEmbedder(), Limits(), ChunkSize()
    )
    stopping = threading.Event()
    thread = threading.Thread(target=Lane(pipeline, "lane", stopping).run)
    with database.write() as connection:
        connection.exec_driver_sql("ALTER TABLE vectors RENAME TO hidden")
    thread.start()
    try:
        wait_until(lambda: f"document {document} failed" in caplog.text)
        with database.write() as connection:
            connection.exec_driver_sql("ALTER TABLE hidden RENAME TO vectors")
        wait_until(lambda: settled(database))
    finally:
        stopping.set()
        thread.join()
    assert state(database, document) is READY
    assert [job.attempts for job in all_jobs(database)] == [1]


def test_a_document_waits_for_a_store_that_is_away(
    database: Database,
    options: WorkerOptions,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    with served_s3() as store:
        reach_s3_at(store.address, monkeypatch)
        url = f"s3://{store.new_bucket()}/originals"
        document = add(database, replace(options, originals_url=url), "a.txt", text_of("a", 1))
        pipeline = Pipeline(database, Originals(url), HashEmbedder(), Limits(), ChunkSize())
        stopping = threading.Event()
        thread = threading.Thread(target=Lane(pipeline, "lane", stopping).run)
        try:
            with store.away():
                thread.start()
                wait_until(lambda: "waits: originals_unusable" in caplog.text)
            wait_until(lambda: settled(database))
        finally:
            stopping.set()
            thread.join()
    assert state(database, document) is READY
    assert [job.attempts for job in all_jobs(database)] == [1]
