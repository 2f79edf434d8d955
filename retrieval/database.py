"""The database: SQLite in one file or PostgreSQL by URL, read by many and written by one."""

from __future__ import annotations

import fcntl
import logging
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import IO, Any

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import URL, Connection, Engine, create_engine, event, func, select, text
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, DatabaseError

from retrieval.errors import DatabaseInUse, DatabaseUnusable, DataFormatTooNew
from retrieval.faults import fault

_MIGRATIONS = str(Path(__file__).parent / "migrations")
log = logging.getLogger(__name__)

_BUSY_SECONDS = 60
_CHECKPOINT_MILLISECONDS = 2_000
"""How long the one who empties the log waits for readers, while all writers wait for him."""

_WRITER_LOCK = 0x636C6F69
"""The number of PostgreSQL's advisory lock that stands for the one writer."""

_SERVER_LOCK = _WRITER_LOCK + 1
"""The number of that which stands for the one server."""

_KEEP_ALIVE = (
    "SET tcp_keepalives_idle = 10; SET tcp_keepalives_interval = 5; SET tcp_keepalives_count = 3"
)
"""PostgreSQL finds out in half a minute, not in hours, that the machine of a server is gone."""

_HOLDER = """
    SELECT application_name FROM pg_stat_activity JOIN pg_locks USING (pid)
    WHERE locktype = 'advisory' AND granted AND classid = 0 AND objid = :lock AND objsubid = 1
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_ADVICE = "Give sqlite:///path or postgresql://user@host/name."


class Database:
    """Transactions over one database; ``migrate`` must have run once before any other use."""

    def __init__(self, url: str) -> None:
        """Open a database, ``sqlite:///path`` or ``postgresql://user@host/name``.

        Raises:
            DatabaseUnusable: The URL is none of these, or the files cannot be written.
        """
        self.url = _supported_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self._lock = threading.Lock()
        self._is_put_off = False
        self._lock_file: IO[bytes] | None = None
        if self.is_sqlite:
            self._lock_file = _opened_lock(Path(str(self.url.database)))
            self._reader = _sqlite_engine(url, begin="BEGIN", writes=False)
            self._writer = _sqlite_engine(url, begin="BEGIN IMMEDIATE", writes=True)
        else:
            self._writer = _postgresql_engine(self.url)
            self._reader = self._writer.execution_options(
                isolation_level="REPEATABLE READ", postgresql_readonly=True
            )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one state of the database and changes nothing."""
        with self._reader.connect() as connection, connection.begin():
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """The one write transaction; committed when the block ends, undone when it raises."""
        with self._sole_writer(), self._writer.begin() as connection:
            if not self.is_sqlite:
                connection.execute(select(func.pg_advisory_xact_lock(_WRITER_LOCK)))
            yield connection

    @contextmanager
    def _sole_writer(self) -> Iterator[None]:
        # Writers of this process wait here, where they hold no connection that readers need.
        with self._lock:
            if self._lock_file is None:
                yield
                return
            # SQLite before 3.51.3 can corrupt its file when two connections write and checkpoint
            # at the same time (WAL-reset bug). A commit checkpoints after it has given up SQLite's
            # own lock, so ours is held around both, by all processes.
            fcntl.flock(self._lock_file, fcntl.LOCK_EX)
            try:
                yield
            finally:
                fcntl.flock(self._lock_file, fcntl.LOCK_UN)

    @contextmanager
    def held(self, name: str) -> Iterator[None]:
        """Be its one server, of that name, until the block or the process ends.

        Nothing is done for SQLite, whose file lies in a data folder that is held itself.

        Raises:
            DatabaseInUse: Another server holds it.
            DatabaseUnusable: The database cannot be reached.
        """
        if self.is_sqlite:
            yield
            return
        with ExitStack() as stack:
            try:
                _hold(stack.enter_context(self._writer.connect()), name)
            except DatabaseError as error:
                raise _unusable(error) from error
            yield

    def migrate(self) -> None:
        """Bring the tables to this release's form, or refuse a form that only newer ones know.

        Raises:
            DataFormatTooNew: The database was written by a newer release; it stays untouched.
            DatabaseUnusable: The database cannot be reached.
        """
        try:
            self._migrate()
        except DatabaseError as error:
            raise _unusable(error) from error

    def _migrate(self) -> None:
        config = Config()
        config.set_main_option("script_location", _MIGRATIONS.replace("%", "%%"))
        script = ScriptDirectory.from_config(config)
        with self.write() as connection:
            current = MigrationContext.configure(connection).get_current_revision()
            if current == script.get_current_head():
                return
            if current and current not in {
                revision.revision for revision in script.walk_revisions()
            }:
                raise DataFormatTooNew(
                    f"The data has format {current!r}, which this release does not know.",
                    advice="Install the newer release that wrote it, or use another data folder.",
                )
            config.attributes["connection"] = connection
            command.upgrade(config, "head")
            if __debug__:
                fault("tables_made")

    def forget_deleted(self) -> bool:
        """Empty the write-ahead log, so that deleted text is nowhere in the files any more.

        Returns:
            Whether it is empty: not where a long reading transaction still needs it, for which
            ``forget_put_off`` is there.
        """
        return self._empty_log(_CHECKPOINT_MILLISECONDS)

    def forget_put_off(self) -> bool:
        """Empty it where a reader stood in the way of that, without waiting for anybody now.

        Returns:
            Whether nothing is put off any more.
        """
        return not self._is_put_off or self._empty_log(0)

    def _empty_log(self, milliseconds: int) -> bool:
        if not self.is_sqlite:
            return True
        with self._sole_writer(), closing(self._writer.raw_connection()) as connection:
            cursor = connection.cursor()
            cursor.execute(f"PRAGMA busy_timeout={milliseconds}")
            busy, _, _ = cursor.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
            cursor.execute(f"PRAGMA busy_timeout={_BUSY_SECONDS * 1000}")
            if busy and not self._is_put_off:
                log.info("a reader still needs the write-ahead log; it is emptied later")
            self._is_put_off = bool(busy)
        return not busy

    def close(self) -> None:
        """Close every connection."""
        self._reader.dispose()
        self._writer.dispose()
        if self._lock_file is not None:
            self._lock_file.close()


def _hold(connection: Connection, name: str) -> None:
    """Take the lock of the one server in a connection that leaves the pool for it."""
    connection.execution_options(isolation_level="AUTOCOMMIT")
    connection.detach()
    connection.exec_driver_sql(_KEEP_ALIVE)
    if connection.scalar(select(func.pg_try_advisory_lock(_SERVER_LOCK))):
        connection.execute(select(func.set_config("application_name", name, False)))
        return
    holder = connection.scalar(text(_HOLDER), {"lock": _SERVER_LOCK}) or "another server"
    raise DatabaseInUse(
        f"The database is in use by {holder}.",
        advice="Use that server, stop it first, or name another: CLOISTER_DATABASE_URL.",
    )


def _unusable(error: DatabaseError) -> DatabaseUnusable:
    return DatabaseUnusable(
        f"The database cannot be used: {error.orig}",
        advice="Check CLOISTER_DATABASE_URL, and that the server runs and lets us in.",
    )


def _supported_url(url: str) -> URL:
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise DatabaseUnusable("That is not the URL of a database.", advice=_ADVICE) from error
    if parsed.get_backend_name() not in ("sqlite", "postgresql"):
        raise DatabaseUnusable(
            f"Databases of the kind {parsed.get_backend_name()!r} are not supported.",
            advice=_ADVICE,
        )
    return parsed


def _opened_lock(database: Path) -> IO[bytes]:
    try:
        database.parent.mkdir(parents=True, exist_ok=True)
        return database.with_name(database.name + ".writer").open("ab")
    except OSError as error:
        raise DatabaseUnusable(
            f"The folder of the database {str(database)!r} cannot be written: {error.strerror}.",
            advice="Check its permissions, or choose another data folder: CLOISTER_DATA.",
        ) from error


def _postgresql_engine(url: URL) -> Engine:
    try:
        return create_engine(
            url.set(drivername="postgresql+psycopg"), pool_pre_ping=True, hide_parameters=True
        )
    except ModuleNotFoundError as error:
        raise DatabaseUnusable(
            "PostgreSQL needs the package psycopg.",
            advice="Install it: .venv/bin/pip install -c constraints.txt -e '.[postgres]'",
        ) from error


def _sqlite_engine(url: str, *, begin: str, writes: bool) -> Engine:
    engine = create_engine(
        url,
        hide_parameters=True,
        connect_args={"timeout": _BUSY_SECONDS, "check_same_thread": False},
        pool_size=1 if writes else 8,
        max_overflow=0 if writes else 32,
    )

    def configure(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (
            "journal_mode=WAL",
            "synchronous=FULL",
            "foreign_keys=ON",
            "secure_delete=ON",
            "trusted_schema=OFF",
            f"query_only={'OFF' if writes else 'ON'}",
            f"wal_autocheckpoint={1000 if writes else 0}",
        ):
            connection.execute(f"PRAGMA {pragma}")

    def start(connection: Connection) -> None:
        connection.exec_driver_sql(begin)

    event.listen(engine, "connect", configure)
    event.listen(engine, "begin", start)
    return engine
