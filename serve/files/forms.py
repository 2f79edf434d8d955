"""How the document of the API describes an upload, which no pydantic model reads."""

from __future__ import annotations

from typing import Any

A_FILE: dict[str, Any] = {"type": "string", "format": "binary"}


def upload_form(file: dict[str, Any], **fields: dict[str, Any]) -> dict[str, Any]:
    """A multipart form with a file, or several, and the collection that takes them in."""
    properties = {
        "file": file,
        **fields,
        "collection": {"type": "string", "description": "Name or id."},
    }
    schema = {"type": "object", "required": ["file"], "properties": properties}
    return {
        "requestBody": {"required": True, "content": {"multipart/form-data": {"schema": schema}}}
    }
