"""How many chunks have their vectors."""

from __future__ import annotations

import time

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

_PLAIN_SECONDS = 5.0


class EmbeddingProgress:
    """A bar on a terminal, a line now and then elsewhere, on stderr."""

    def __init__(self) -> None:
        self._console = Console(stderr=True)
        self._spoken = time.monotonic()
        self.bars = Progress(
            TextColumn("embedding"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("chunks"),
            TimeRemainingColumn(),
            console=self._console,
            transient=True,
            disable=not self._console.is_terminal,
        )
        self._task = self.bars.add_task("", total=None)

    def show(self, done: int, total: int) -> None:
        """So many chunks have their vector, of so many."""
        self.bars.update(self._task, completed=done, total=total)
        if self._console.is_terminal or time.monotonic() - self._spoken < _PLAIN_SECONDS:
            return
        self._spoken = time.monotonic()
        self._console.print(f"embedding {done} of {total} chunks", highlight=False)
