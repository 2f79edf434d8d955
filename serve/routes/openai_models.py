"""OpenAI's API: models, which are the collections that the caller may see."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path

from serve.openai_door.models import model_named, models_of
from serve.openai_door.shapes import listed, model_object
from serve.routes.parts import BackendPart, CallerPart

router = APIRouter(prefix="/v1/models", tags=["openai"])


@router.get("")
def list_all(backend: BackendPart, caller: CallerPart) -> dict[str, Any]:
    """All models."""
    with backend.database.read() as connection:
        found = models_of(connection, caller, plain=backend.model is not None)
    return listed([model_object(each) for each in found])


@router.get("/{model_id:path}")
def show(
    backend: BackendPart, caller: CallerPart, model_id: Annotated[str, Path(max_length=300)]
) -> dict[str, Any]:
    """One model."""
    with backend.database.read() as connection:
        found = model_named(connection, caller, model_id, plain=backend.model is not None)
    return model_object(found) | {"id": model_id}
