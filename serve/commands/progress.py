"""How far documents are: one live display on a terminal, plain lines elsewhere, all on stderr."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from types import TracebackType
from typing import Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as Bars

_PLAIN_SECONDS = 5.0
_JOBS_SHOWN = 4
_UNDER_WAY = ("parsing", "embedding", "indexing")


class Progress:
    """Files done of all, and the stage of those under way, in pages and chunks."""

    def __init__(self, total: int, *, as_json: bool = False) -> None:
        self._console = Console(stderr=True)
        # On one terminal, lines go above the display; a file or a pipe gets them as they are.
        is_one_terminal = self._console.is_terminal and sys.stdout.isatty()
        self._lines = self._console if is_one_terminal else Console(stderr=as_json)
        self._total = total
        self._done = 0
        self._waiting: list[str] = []
        self._spoken = time.monotonic()
        self._tasks: dict[int, TaskID] = {}
        self._bars = Bars(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("{task.fields[unit]}"),
            console=self._console,
            transient=True,
            redirect_stdout=False,
            disable=not self._console.is_terminal,
        )
        self._all = self._bars.add_task("all", total=total, unit="files")

    def __enter__(self) -> Progress:
        """Show the display."""
        self._bars.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Take it away."""
        self._bars.stop()

    def show_ended(self, line: str) -> None:
        """One more file is done."""
        self._done += 1
        self._bars.update(self._all, completed=self._done)
        self._lines.print(line, markup=False, highlight=False, soft_wrap=True)

    def show_jobs(self, jobs: Sequence[dict[str, Any]]) -> None:
        """How far these are."""
        under_way = {job["id"]: job for job in jobs if job["stage"] in _UNDER_WAY}
        shown = dict(list(under_way.items())[:_JOBS_SHOWN])
        for job_id in self._tasks.keys() - shown.keys():
            self._bars.remove_task(self._tasks.pop(job_id))
        for job_id, job in shown.items():
            self._show(job_id, job)
        self._say(list(shown.values()))

    def show_waiting(self, reason: str) -> None:
        """Why nothing begins; empty if something may."""
        self._waiting = [reason] if reason else []
        self._bars.update(self._all, description=reason or "all")

    def _show(self, job_id: int, job: dict[str, Any]) -> None:
        if job_id not in self._tasks:
            self._tasks[job_id] = self._bars.add_task("", total=None, unit="")
        self._bars.update(
            self._tasks[job_id],
            description=f"{job['stage']} {job['name'][-40:]}",
            completed=job["done"],
            total=job["total"] or None,
            unit=job["unit"],
        )

    def _say(self, jobs: Sequence[dict[str, Any]]) -> None:
        """A line now and then, where there is no terminal."""
        if self._console.is_terminal or time.monotonic() - self._spoken < _PLAIN_SECONDS:
            return
        self._spoken = time.monotonic()
        stages = [
            f"{job['stage']} {job['name']} {job['done']}/{job['total']} {job['unit']}"
            for job in jobs
        ]
        line = "; ".join([f"{self._done} of {self._total} files done", *(stages or self._waiting)])
        self._console.print(line, soft_wrap=True, markup=False, highlight=False)
