"""Whether the server lives, is ready, and what it holds."""

from __future__ import annotations

import os
import sqlite3

from fastapi import APIRouter

from ingest.jobs import count_active
from retrieval.store import current_seq, totals
from serve.errors import NotReady
from serve.health_details import health_details
from serve.health_schemas import HealthDetails
from serve.routes.parts import BackendPart, CallerPart
from serve.schemas import EmbedderOut, Health, StatusOut
from serve.scope import check_administrator, whole_scope
from serve.shapes import guard_out, llm_out
from serve.version import program_version

router = APIRouter(tags=["health"])


@router.get("/healthz")
async def healthz() -> Health:
    """The process lives."""
    return Health(status="ok")


@router.get("/readyz")
async def readyz(backend: BackendPart) -> Health:
    """Questions are answered without waiting."""
    if backend.searching.ready is None:
        raise backend.searching.refusal or NotReady(
            "The embedder is still loading. " + backend.searching.trouble
        )
    return Health(status="ok")


@router.get("/api/v1/status")
def status(backend: BackendPart, caller: CallerPart) -> StatusOut:
    """What the server holds and how far it is; where things are, only for administrators."""
    with backend.database.read() as connection:
        scope = whole_scope(connection, caller)
        held = totals(connection, scope)
        active = count_active(connection, scope)
        seq = current_seq(connection)
    engine = backend.searching.ready
    told = StatusOut(
        version=program_version(),
        pid=os.getpid(),
        ready=engine is not None,
        trouble=backend.searching.trouble,
        data_folder=str(backend.folder.path),
        data_bytes=backend.folder.size_bytes(),
        database=backend.database.url.render_as_string(hide_password=True),
        sqlite_version=sqlite3.sqlite_version if backend.database.is_sqlite else None,
        collections=held.collections,
        documents=held.documents,
        chunks=held.chunks,
        active_jobs=active,
        workers=backend.settings.workers,
        seq=seq,
        index_seq=backend.searching.seq,
        embedder=EmbedderOut.model_validate(engine.embedder.model) if engine else None,
        llm=llm_out(backend.model) if backend.model else None,
        guard=guard_out(backend.guard) if backend.guard else None,
    )
    return told if caller.is_administrator else _for_everybody(told)


@router.get("/api/v1/health/details")
def details(backend: BackendPart, caller: CallerPart) -> HealthDetails:
    """How the machine and the queue are, and whether anything leads out; for administrators."""
    check_administrator(caller)
    return health_details(backend)


def _for_everybody(told: StatusOut) -> StatusOut:
    """The same without the places of this machine."""
    hidden = {"pid": 0, "data_folder": "", "data_bytes": 0, "database": "", "trouble": ""}
    llm = told.llm and told.llm.model_copy(update={"url": "", "trouble": ""})
    guard = told.guard and told.guard.model_copy(update={"url": "", "trouble": ""})
    return told.model_copy(update={**hidden, "llm": llm, "guard": guard})
