"""Everything that one running program has, put together from its settings."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field, replace
from socket import gethostname
from urllib.parse import urlsplit

from ingest.files import Originals
from ingest.intake import Intake
from ingest.pictures import Pictures
from ingest.sandbox import Limits
from ingest.worker import WorkerOptions
from ingest.workers import Workers
from retrieval.database import Database
from retrieval.embedder_choice import EmbedderChoice
from retrieval.errors import NotFound
from retrieval.faults import arm
from retrieval.store import collection_named, create_collection
from retrieval.types import Prefixes
from serve.answers.counts import AnswerCounts
from serve.answers.guard import Guard, configured_guard
from serve.answers.served_model import ServedModel, served_model
from serve.audit.acts import Act
from serve.audit.documents import noted
from serve.audit.journal import Journal
from serve.audit.log import note
from serve.conversations.turns import interrupt_unfinished
from serve.data_folder import DataFolder
from serve.errors import BindRefused
from serve.held_open import HeldOpen, open_streams, open_uploads
from serve.oidc.options import oidc_options
from serve.oidc.provider import Provider
from serve.oidc.signing_in import OidcSigningIn
from serve.people.signing_in import SigningIn
from serve.people.store import has_administrator
from serve.people.throttle import Guesses
from serve.searching import Searching
from serve.settings import Settings

log = logging.getLogger(__name__)

DEFAULT_COLLECTION = "default"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True, eq=False)
class Backend:
    """The parts of a running program; routes find them as ``request.app.state.backend``."""

    settings: Settings
    folder: DataFolder
    database: Database
    originals: Originals
    intake: Intake
    workers: Workers
    searching: Searching
    journal: Journal
    model: ServedModel | None
    guard: Guard | None
    operator_token: str = field(repr=False)
    signing_in: SigningIn
    oidc: OidcSigningIn | None
    pictures: Pictures = field(default_factory=Pictures)
    streams: HeldOpen = field(default_factory=open_streams)
    uploads: HeldOpen = field(default_factory=open_uploads)
    stopping: asyncio.Event = field(default_factory=asyncio.Event)
    """Set when streams that have no end of their own must end."""


@contextmanager
def running_backend(
    settings: Settings,
    url: str,
    when_refused: Callable[[], None],
    counts: AnswerCounts | None = None,
) -> Iterator[Backend]:
    """The parts, at work until the block ends; ``when_refused`` is called if they cannot go on.

    Raises:
        DataFolderInUse: Another process holds the data folder.
        DatabaseInUse: Another server, with another data folder, works with its database.
        DataFormatTooNew: A newer release wrote it.
        BindRefused: Others could reach it, and there is no administrator.
        OriginalsUnusable: The store of the original files cannot be used.
    """
    begun = time.monotonic()
    if __debug__ and settings.fault_point:
        arm(settings.fault_point)
    folder = DataFolder(settings.data)
    with (
        folder.held(url) as operator_token,
        closing(opened_database(settings, folder)) as database,
        database.held(f"{url} on {gethostname()}"),
    ):
        database.migrate()
        _check_address(url, database)
        _ensure_default_collection(database)
        backend = _put_together(settings, folder, database, operator_token, counts)
        backend.intake.sweep()
        interrupt_unfinished(database)
        with _at_work(backend, when_refused):
            log.info("data folder %s opened in %.2f s", folder.path, time.monotonic() - begun)
            yield backend


@contextmanager
def _at_work(backend: Backend, when_refused: Callable[[], None]) -> Iterator[None]:
    starting = threading.Lock()
    stopped = False

    def start_workers() -> None:
        # Only once the stored vectors are known to be of the configured embedder.
        with starting:
            if backend.settings.workers and not stopped:
                backend.workers.start()

    backend.journal.start()
    backend.searching.start(start_workers, when_refused)
    try:
        yield
    finally:
        with starting:
            stopped = True
        backend.workers.stop()
        backend.searching.stop()
        backend.journal.close()


def opened_database(settings: Settings, folder: DataFolder) -> Database:
    """The database of a data folder, or the one that is set instead."""
    return Database(settings.database_url or f"sqlite:///{folder.database}")


def chosen_embedder(settings: Settings, folder: DataFolder) -> EmbedderChoice:
    """The embedder that is set."""
    return EmbedderChoice(
        folder=folder.embedders,
        model=settings.embedder,
        url=settings.embedder_url,
        key=settings.embedder_key,
        prefixes=Prefixes(settings.embedder_query_prefix, settings.embedder_document_prefix),
        hub=settings.allow_hub,
    )


def _check_address(url: str, database: Database) -> None:
    """Refuse an address that others can reach before somebody is there to let them in.

    A UNIX socket passes: its folder says who may use it.
    """
    host = urlsplit(url).hostname
    if not url.startswith("http://") or host is None or host in LOOPBACK:
        return
    with database.read() as connection:
        if has_administrator(connection):
            return
    raise _bind_refused(host)


def check_first_address(settings: Settings) -> None:
    """Refuse such an address before anything is made, where no server has run and nobody can be.

    Raises:
        BindRefused: Others could reach it.
    """
    host = settings.host.strip("[]")
    is_new = not settings.database_url and not DataFolder(settings.data).exists()
    if is_new and host not in LOOPBACK:
        raise _bind_refused(host)


def _bind_refused(host: str) -> BindRefused:
    return BindRefused(
        f"CLOISTER_HOST is {host!r}, which others could reach, "
        "and there is no administrator with a password yet.",
        advice="Start it on 127.0.0.1 first, and use the sign-in link that it prints.",
    )


def _put_together(
    settings: Settings,
    folder: DataFolder,
    database: Database,
    operator_token: str,
    counts: AnswerCounts | None,
) -> Backend:
    originals_url = settings.originals_url or folder.originals.as_uri()
    originals = Originals(originals_url)
    choice = chosen_embedder(settings, folder)
    options = WorkerOptions(
        database_url=database.url.render_as_string(hide_password=False),
        originals_url=originals_url,
        embedder=choice,
        limits=replace(
            Limits(),
            memory_bytes=settings.parse_memory,
            wall_seconds=settings.parse_seconds,
            cpu_seconds=min(Limits().cpu_seconds, settings.parse_seconds),
        ),
        temporary=str(folder.temporary),
        fault_point=settings.fault_point,
        log_level=settings.log_level,
        log_format=settings.log_format,
        noted=noted,
    )
    model, guard, journal = served_model(settings), configured_guard(settings), Journal(database)
    guesses, oidc = Guesses(), oidc_options(settings)
    return Backend(
        settings=settings,
        folder=folder,
        database=database,
        originals=originals,
        intake=Intake(database, originals, noted),
        workers=Workers(database, options, settings.workers),
        searching=Searching(database, choice, folder.indexes, journal, model, guard, counts),
        journal=journal,
        model=model,
        guard=guard,
        operator_token=operator_token,
        signing_in=SigningIn(database, guesses, journal, DEFAULT_COLLECTION),
        oidc=OidcSigningIn(database, guesses, journal, Provider(oidc)) if oidc else None,
    )


def _ensure_default_collection(database: Database) -> None:
    try:
        with database.read() as connection:
            collection_named(connection, DEFAULT_COLLECTION)
    except NotFound:
        with database.write() as connection:
            made = create_collection(connection, DEFAULT_COLLECTION)
            note(connection, Act.COLLECTION_CREATED, f"collection:{made.id}", name=made.name)
