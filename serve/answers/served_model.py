"""The model behind the configured inference server, with all that stands around it."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from serve.answers.follow_up import Rewriter
from serve.answers.generative import GenerativeLLM, GenerativeOptions
from serve.inference.admission import Admission
from serve.inference.client import InferenceClient, InferenceServer
from serve.inference.watch import Watched
from serve.settings import Settings


@dataclass(frozen=True, slots=True, eq=False)
class ServedModel:
    """A model that writes answers and rewrites questions, the watch over it, and its queue."""

    watched: Watched
    llm: GenerativeLLM
    rewriter: Rewriter
    admission: Admission


def served_model(settings: Settings) -> ServedModel | None:
    """The model that the settings name; None if they name none."""
    if not settings.llm_url:
        return None
    server = InferenceServer(
        url=settings.llm_url,
        key=settings.llm_key,
        first_token_seconds=settings.llm_first_token_seconds,
        idle_seconds=settings.llm_idle_seconds,
    )
    watched = Watched(InferenceClient(server), settings.llm_model)
    options = GenerativeOptions(
        context_tokens=settings.llm_context,
        answer_tokens=settings.llm_answer_tokens,
        grammar=settings.citations == "grammar",
    )
    return ServedModel(
        watched=watched,
        llm=GenerativeLLM(watched, options),
        rewriter=Rewriter(watched),
        admission=Admission(
            settings.llm_streams, settings.llm_queue, per_asker=settings.llm_per_person
        ),
    )


@asynccontextmanager
async def watching(watched: Watched | None) -> AsyncIterator[None]:
    """Keep an eye on a model's server until the block ends, in the running event loop."""
    if watched is None:
        yield
        return
    watched.start()
    try:
        yield
    finally:
        await watched.stop()
        await watched.client.close()
