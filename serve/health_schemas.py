"""The health of a server as it goes over the wire."""

from __future__ import annotations

from serve.schemas import Wire


class DiskOut(Wire):
    """The disk of the data folder; with less than ``least_bytes`` free, files are refused."""

    used_bytes: int
    free_bytes: int
    least_bytes: int


class OutsideSocketOut(Wire):
    """A connection that this server has opened to another machine."""

    kind: str
    local: str
    remote: str


class EgressOut(Wire):
    """What keeps everything here: what libraries are told, and which connections lead out now."""

    switches: dict[str, str]
    hub_allowed: bool
    outside: list[OutsideSocketOut]


class HealthDetails(Wire):
    """How the machine and the queue are; ``jobs`` counts those of all collections by stage."""

    disk: DiskOut
    jobs: dict[str, int]
    workers_wanted: int
    workers_running: int
    ocr_languages: list[str]
    egress: EgressOut
