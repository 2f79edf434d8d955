"""OpenAI's API under /v1: all of its routes."""

from __future__ import annotations

from fastapi import APIRouter

from serve.openai_errors import RESPONSES
from serve.routes import (
    openai_chat,
    openai_embeddings,
    openai_files,
    openai_models,
    openai_responses,
    openai_vector_stores,
)

router = APIRouter(responses=RESPONSES)
for _part in (
    openai_models,
    openai_chat,
    openai_responses,
    openai_files,
    openai_vector_stores,
    openai_embeddings,
):
    router.include_router(_part.router)
