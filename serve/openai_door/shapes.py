"""Models as OpenAI's API lists them."""

from __future__ import annotations

from typing import Any

from serve.openai_door.models import DoorModel


def model_object(model: DoorModel) -> dict[str, Any]:
    """A model for the wire; ``name`` is what Open WebUI shows."""
    return {
        "id": model.id,
        "object": "model",
        "created": int(model.created_at.timestamp()),
        "owned_by": "cloister",
        "name": model.title,
    }


def listed(items: list[dict[str, Any]], *, has_more: bool = False) -> dict[str, Any]:
    """A list, with the ids to page by."""
    return {
        "object": "list",
        "data": items,
        "first_id": items[0]["id"] if items else None,
        "last_id": items[-1]["id"] if items else None,
        "has_more": has_more,
    }
