"""How the machine and the queue are, and whether anything leads out: for administrators."""

from __future__ import annotations

import os
from collections.abc import Iterable

import pytesseract
from sqlalchemy import Connection, func, select

from ingest.parsers.ocr import is_installed
from retrieval.schema import jobs
from serve.backend import Backend
from serve.doctor.sockets import OpenSocket, open_sockets
from serve.health_schemas import DiskOut, EgressOut, HealthDetails, OutsideSocketOut
from serve.settings import switches


def health_details(backend: Backend) -> HealthDetails:
    """What is looked at anew each time; the rest is in the status."""
    folder, settings = backend.folder, backend.settings
    with backend.database.read() as connection:
        stages = _jobs_by_stage(connection)
    return HealthDetails(
        disk=DiskOut(
            used_bytes=folder.size_bytes(),
            free_bytes=folder.free_bytes(),
            least_bytes=settings.min_free_bytes,
        ),
        jobs=stages,
        workers_wanted=settings.workers,
        workers_running=len(backend.workers.pids()),
        ocr_languages=_ocr_languages(),
        egress=EgressOut(
            switches=switches(),
            hub_allowed=settings.allow_hub,
            outside=[
                OutsideSocketOut(kind=each.kind, local=each.local, remote=each.remote)
                for each in outgoing(open_sockets(os.getpid()))
            ],
        ),
    )


def outgoing(sockets: Iterable[OpenSocket]) -> list[OpenSocket]:
    """The sockets to other machines but for those of who came in by a port that we listen on."""
    found = list(sockets)
    own = {_port(each.local) for each in found if each.state == "listening"}
    return [each for each in found if each.is_outside and _port(each.local) not in own]


def _port(address: str) -> str:
    return address.rpartition(":")[2]


def _jobs_by_stage(connection: Connection) -> dict[str, int]:
    rows = connection.execute(select(jobs.c.stage, func.count().label("n")).group_by(jobs.c.stage))
    return {row.stage: row.n for row in rows}


def _ocr_languages() -> list[str]:
    if not is_installed():
        return []
    return sorted(set(pytesseract.get_languages()) - {"osd"})
