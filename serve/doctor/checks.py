"""Whether an installation is sound."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import pytesseract
from sqlalchemy import text

from ingest.parsers.ocr import HOW_TO_INSTALL, is_installed
from retrieval.database import Database
from retrieval.errors import CloisterError
from serve.data_folder import DataFolder
from serve.settings import Settings

State = Literal["ok", "warning", "failed"]

_WANTED_LANGUAGES = {"eng"}
_MOST_DAMAGE = 5

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Check:
    """What was looked at, how it is, and what there is to know or to do."""

    name: str
    state: State
    detail: str


def machine_checks(settings: Settings) -> Iterator[Check]:
    """What can only be seen on the machine of the data folder."""
    folder = DataFolder(settings.data)
    yield _rights(folder)
    yield _space(folder, settings.min_free_bytes)
    yield _database(settings, folder)
    yield _tesseract()


def server_checks(status: Json) -> Iterator[Check]:
    """What a server says of itself."""
    yield _index(status)
    yield _embedder(status)
    yield _model("model", status["llm"], "writes")
    yield _model("safety model", status["guard"], "judges")


def _rights(folder: DataFolder) -> Check:
    found = folder.path.stat()
    mode = stat.S_IMODE(found.st_mode)
    shown = f"{folder.path} ({mode:04o})"
    if found.st_uid != os.geteuid() or not os.access(folder.path, os.R_OK | os.W_OK | os.X_OK):
        return Check("data folder", "failed", f"{shown} is not ours to write: chown it.")
    if mode & 0o077:
        return Check("data folder", "failed", f"{shown} is open to others: chmod 700 it.")
    return Check("data folder", "ok", shown)


def _space(folder: DataFolder, least: int) -> Check:
    free = folder.free_bytes()
    shown = f"{free >> 20:,} MiB are free"
    if free < least:
        return Check("disk", "failed", f"{shown}; below {least >> 20:,} MiB files are refused.")
    if free < 2 * least:
        return Check("disk", "warning", f"{shown}; below {least >> 20:,} MiB files are refused.")
    return Check("disk", "ok", shown)


def _database(settings: Settings, folder: DataFolder) -> Check:
    database = Database(settings.database_url or f"sqlite:///{folder.database}")
    try:
        with database.read() as connection:
            if not database.is_sqlite:
                connection.execute(text("SELECT 1"))
                return Check("database", "ok", database.url.render_as_string(hide_password=True))
            found = [str(row[0]) for row in connection.execute(text("PRAGMA quick_check"))]
    except Exception as error:  # noqa: BLE001 - whatever it is, it is what is to be told
        detail = error.message if isinstance(error, CloisterError) else type(error).__name__
        return Check("database", "failed", detail)
    finally:
        database.close()
    if found != ["ok"]:
        return Check("database", "failed", "; ".join(found[:_MOST_DAMAGE]))
    return Check("database", "ok", f"{folder.database} is sound")


def _tesseract() -> Check:
    if not is_installed():
        return Check("tesseract", "warning", f"Scans are not read. {HOW_TO_INSTALL}")
    languages = sorted(set(pytesseract.get_languages()) - {"osd"})
    if not set(languages) >= _WANTED_LANGUAGES:
        return Check("tesseract", "warning", f"English is missing. {HOW_TO_INSTALL}")
    return Check("tesseract", "ok", ", ".join(languages))


def _index(status: Json) -> Check:
    seq, applied = status["seq"], status["index_seq"]
    if not status["ready"]:
        return Check("index", "failed", status["trouble"] or "It is still loading.")
    if seq != applied:
        return Check("index", "warning", f"{seq - applied} changes of {seq} are not in it yet.")
    return Check("index", "ok", f"in step, {status['chunks']} passages, change {seq}")


def _embedder(status: Json) -> Check:
    embedder = status["embedder"]
    if embedder is None:
        return Check("embedder", "failed", status["trouble"] or "It is still loading.")
    shown = f"{embedder['name']}, {embedder['dimensions']} dimensions"
    return Check("embedder", "ok", f"{shown}, weights {embedder['revision'] or 'without a hash'}")


def _model(name: str, told: Json | None, can: str) -> Check:
    if told is None:
        return Check(name, "ok", "none is configured")
    if not told[can]:
        return Check(name, "failed", f"{told['url']}: {told['trouble']}")
    return Check(name, "ok", f"{told['model']} at {told['url']}")
