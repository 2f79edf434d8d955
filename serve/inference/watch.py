"""Keeps an eye on an inference server that may come and go while we run."""

from __future__ import annotations

import asyncio
import logging
from contextlib import suppress
from dataclasses import dataclass, replace
from hashlib import blake2b
from secrets import token_bytes

from serve.errors import LLMBusy, LLMTimeout, LLMUnavailable
from serve.inference.client import InferenceClient
from serve.inference.probe import Capabilities, probe, seen_again, still_writes

_log = logging.getLogger(__name__)

_FIRST_LOOK_SECONDS = 10.0


@dataclass(frozen=True, slots=True)
class Rhythm:
    """How often a server is looked at, in seconds: while it is up, and while it is down."""

    up: float = 60.0
    down: float = 5.0


class Watched:
    """What a server can do, as it was when last looked at.

    It is found out once of a model. While it writes, a look only sees whether it is still there,
    or, where a request has failed, whether it still writes.
    """

    def __init__(
        self, client: InferenceClient, model: str = "", rhythm: Rhythm | None = None
    ) -> None:
        self.client = client
        self._model = model
        self._rhythm = rhythm or Rhythm()
        self._capabilities = Capabilities(
            trouble="The inference server is still being asked what it can do."
        )
        self._known: Capabilities | None = None
        self._secret = token_bytes(32)
        self._task: asyncio.Task[None] | None = None
        self._looked = asyncio.Event()
        self._hurry = asyncio.Event()

    @property
    def capabilities(self) -> Capabilities:
        """The latest; nothing can be done before the first look."""
        return self._capabilities

    @property
    def has_looked(self) -> bool:
        """Whether the first look is over."""
        return self._looked.is_set()

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

    def cache_salt(self, person: int | None) -> str:
        """What keeps a person's prefixes in the server's cache apart from those of others.

        It is the same for a person as long as we run, and empty where the server takes none; None
        is the operator.
        """
        if not self._capabilities.salts:
            return ""
        return blake2b(str(person).encode(), key=self._secret, digest_size=16).hexdigest()

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
            await self._look()
            self._looked.set()
            pause = self._rhythm.up if self._capabilities.writes else self._rhythm.down
            with suppress(TimeoutError):
                async with asyncio.timeout(pause):
                    await self._hurry.wait()
                    # Many may fail at once, and a server that is down need not be rushed.
                    await asyncio.sleep(min(1.0, pause))

    async def _look(self) -> None:
        before, url = self._capabilities, self.client.server.url
        try:
            self._capabilities = now = await self._seen()
        except (LLMBusy, LLMTimeout) as busy:
            # It is up; what it can do shows when there is room.
            if not before.writes:
                self._capabilities = replace(before, trouble=busy.message)
            return
        except Exception:  # noqa: BLE001 - whatever it is, it must not end the watch
            _log.exception("%s could not be looked at", url)
            self._capabilities = Capabilities(
                trouble="The inference server could not be looked at; the log says why."
            )
            return
        if now.writes:
            self._known = now
        if now.writes and now != before:
            _log.info("%s writes with %s (%s).", url, now.model, _abilities(now))
        elif not now.writes and now.trouble != before.trouble:
            _log.warning("%s does not write: %s", url, now.trouble)

    async def _seen(self) -> Capabilities:
        before = self._capabilities
        has_failed = self._hurry.is_set()
        self._hurry.clear()
        if not before.writes:
            return await probe(self.client, self._model, self._known)
        again = await seen_again(self.client, self._model, before)
        if again is None:
            return await probe(self.client, self._model)
        if again.writes and again.in_doubt:
            return await probe(self.client, self._model, again)
        if again.writes and has_failed:
            return await still_writes(self.client, again)
        return again


def _abilities(found: Capabilities) -> str:
    """What the log says of them; one that is in doubt and did not show is looked for again."""
    missing = "in doubt" if found.in_doubt else "none"
    able = {"JSON schema": found.json_schema, "grammar": found.grammar}
    return ", ".join(f"{name}: {'yes' if has else missing}" for name, has in able.items())
