"""Keeps an eye on an inference server that may come and go while we run."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace

from serve.errors import LLMBusy, LLMUnavailable
from serve.inference.client import InferenceClient
from serve.inference.probe import Capabilities, probe

_log = logging.getLogger(__name__)

_FIRST_LOOK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a server is looked at, in seconds: while it is up, and while it is down."""

    up: float = 60.0
    down: float = 5.0


class Watched:
    """What a server can do, as it was when last looked at."""

    def __init__(
        self, client: InferenceClient, model: str = "", rhythm: Rhythm | None = None
    ) -> None:
        self.client = client
        self._model = model
        self._rhythm = rhythm or Rhythm()
        self._capabilities = Capabilities(trouble="The inference server was not asked yet.")
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def capabilities(self) -> Capabilities:
        """The latest; nothing can be done before the first look."""
        return self._capabilities

    def start(self) -> None:
        """Look now, and from now on."""
        if self._task is None:
            self._task = asyncio.get_running_loop().create_task(self._watch(), name="llm watch")

    async def first_look(self) -> Capabilities:
        """The capabilities, once it was looked at."""
        await self._looked.wait()
        return self._capabilities

    async def writing(self) -> Capabilities:
        """The capabilities of a server that writes.

        Raises:
            LLMUnavailable: It cannot write now.
        """
        with suppress(TimeoutError):
            async with asyncio.timeout(_FIRST_LOOK_SECONDS):
                await self.first_look()
        if not self._capabilities.writes:
            raise LLMUnavailable(self._capabilities.trouble)
        return self._capabilities

    def look_again(self) -> None:
        """Look at once instead of later, for a request has failed."""
        self._hurry.set()

    async def stop(self) -> None:
        """Look no more; the client stays open."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task
            self._task = None

    async def _watch(self) -> None:
        while True:
            self._hurry.clear()
            await self._look()
            self._looked.set()
            pause = self._rhythm.up if self._capabilities.writes else self._rhythm.down
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()
                    # Many may fail at once, and a server that is down need not be rushed.
                    await asyncio.sleep(min(1.0, pause))

    async def _look(self) -> None:
        before = self._capabilities
        try:
            self._capabilities = await probe(self.client, self._model)
        except LLMBusy as busy:
            # It is up; what it can do shows when there is room.
            if not before.writes:
                self._capabilities = replace(before, trouble=busy.message)
            return
        now = self._capabilities
        if now.writes and not before.writes:
            _log.info("%s writes with %s.", self.client.server.url, now.model)
        elif not now.writes and now.trouble != before.trouble:
            _log.warning("%s does not write: %s", self.client.server.url, now.trouble)
