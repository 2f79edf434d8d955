"""Following documents on their way in, until each is searchable or has failed."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

import typer

from retrieval.errors import CloisterError
from serve.commands.invocation import print_json
from serve.commands.progress import Progress

if TYPE_CHECKING:
    from serve.client import Client

_LOOK_SECONDS = 0.3
_LOOK_AT = 200
"""Jobs asked after at once; the queue is worked off in its order, so the oldest are enough."""

Result = Literal["waiting", "ready", "already here", "failed", "gone"]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one file."""

    name: str
    result: Result = "waiting"
    document_id: int | None = None
    job_id: int | None = None
    duplicate: bool = False
    pages: int = 0
    chunks: int = 0
    flags: int = 0
    code: str = ""
    reason: str = ""

    @classmethod
    def of_upload(cls, item: dict[str, Any]) -> Outcome:
        """The outcome of a file that was just sent."""
        if item["error"]:
            return cls(item["name"]).failed(item["error"])
        return cls(
            name=item["name"],
            document_id=item["document_id"],
            job_id=item["job_id"],
            duplicate=item["duplicate"],
        )

    @classmethod
    def of_job(cls, job: dict[str, Any]) -> Outcome:
        """The outcome of a document whose job was just queued."""
        return cls(name=job["name"], document_id=job["document_id"], job_id=job["id"])

    def failed(self, problem: dict[str, Any]) -> Outcome:
        """The same file, failed."""
        reason = " ".join(filter(None, (problem["detail"], problem.get("advice"))))
        return replace(self, result="failed", code=problem["code"], reason=reason)

    def line(self) -> str:
        """One clear line about it."""
        match self.result:
            case "ready" | "already here":
                counted = [_count(self.pages, "page"), _count(self.chunks, "chunk")]
                if self.flags:
                    counted.append(_count(self.flags, "flag"))
                detail = f" ({', '.join(counted)})"
            case "failed":
                detail = f" - {self.reason}"
            case "gone":
                detail = " - replaced or deleted meanwhile"
            case "waiting":
                detail = ""
        return f"{self.result}: {self.name}{detail}"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


class Follower:
    """Keeps outcomes up to date and shows how far they are."""

    def __init__(self, client: Client, progress: Progress) -> None:
        self._client = client
        self._progress = progress
        self._waiting: dict[int, Outcome] = {}
        self._is_ready = False
        self.ended: list[Outcome] = []

    def add(self, outcomes: Iterable[Outcome]) -> None:
        """Follow these as well."""
        for outcome in outcomes:
            if outcome.result == "waiting" and outcome.job_id is not None:
                self._waiting[outcome.job_id] = outcome
            else:
                self._end(outcome)

    def look(self) -> None:
        """Ask once how far they are."""
        oldest = sorted(self._waiting)[:_LOOK_AT]
        if not oldest:
            return
        if not self._is_ready:
            self._check_ready()
        found = self._client.get("/api/v1/jobs", {"id": oldest, "limit": _LOOK_AT})["items"]
        jobs = {job["id"]: job for job in found}
        for job_id in oldest:
            outcome = self._settled(self._waiting[job_id], jobs.get(job_id))
            if outcome.result != "waiting":
                del self._waiting[job_id]
                self._end(outcome)
        self._progress.show_jobs([job for job in found if job["id"] in self._waiting])

    def _check_ready(self) -> None:
        """Whether the server can take anything in; raises why it never will."""
        try:
            self._client.get("/readyz")
        except CloisterError as error:
            if error.code != "not_ready":
                raise
            self._progress.show_waiting(error.message)
        else:
            self._is_ready = True
            self._progress.show_waiting("")

    def finish(self) -> None:
        """Look until all have ended."""
        self.look()
        while self._waiting:
            time.sleep(_LOOK_SECONDS)
            self.look()

    def leave(self) -> list[Outcome]:
        """Those that have ended, and those that are left to the server."""
        return [*self.ended, *self._waiting.values()]

    def _end(self, outcome: Outcome) -> None:
        self.ended.append(outcome)
        self._progress.show_ended(outcome.line())

    def _settled(self, outcome: Outcome, job: dict[str, Any] | None) -> Outcome:
        if job is None:
            return replace(outcome, result="gone")
        if job["stage"] in ("failed", "cancelled"):
            return outcome.failed(job["error"])
        if job["stage"] != "ready":
            return outcome
        document = self._client.get(f"/api/v1/documents/{outcome.document_id}")
        return replace(
            outcome,
            result="already here" if outcome.duplicate else "ready",
            pages=document["page_count"],
            chunks=document["chunk_count"],
            flags=document["flag_count"],
        )


def follow(client: Client, outcomes: Sequence[Outcome], *, as_json: bool) -> list[Outcome]:
    """The outcomes once each has ended, with progress on stderr."""
    with Progress(len(outcomes), as_json=as_json) as progress:
        follower = Follower(client, progress)
        follower.add(outcomes)
        follower.finish()
    return follower.ended


def print_outcomes(outcomes: Sequence[Outcome], *, as_json: bool) -> None:
    """The outcomes as JSON; as lines they were printed when they came."""
    if as_json:
        print_json({"items": [asdict(outcome) for outcome in outcomes]})
        return
    for outcome in outcomes:
        if outcome.result == "waiting":
            typer.echo(outcome.line())
    if any(outcome.flags for outcome in outcomes):
        typer.echo(
            "Flagged passages seem to speak to a language model, not to a reader. "
            "To read them: cloister docs show ID",
            err=True,
        )


def is_any_failed(outcomes: Iterable[Outcome]) -> bool:
    """Whether any failed, or is gone unread."""
    return any(outcome.result in ("failed", "gone") for outcome in outcomes)
