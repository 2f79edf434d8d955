"""OpenAI's API under /v1: all of its routes."""

from __future__ import annotations

from fastapi import APIRouter

from serve.routes import openai_chat, openai_models

router = APIRouter()
for _part in (openai_models, openai_chat):
    router.include_router(_part.router)
