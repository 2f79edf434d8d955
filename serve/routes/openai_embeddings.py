"""OpenAI's API: embeddings."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from serve.openai_door.bodies import EmbeddingBody
from serve.openai_door.embeddings import embedded
from serve.routes.parts import CallerPart, EnginePart

router = APIRouter(prefix="/v1/embeddings", tags=["openai"])


@router.post("")
def embed(caller: CallerPart, engine: EnginePart, body: EmbeddingBody) -> dict[str, Any]:
    """The vectors of texts."""
    return embedded(engine.embedder, body)
