"""A value that fits a JSON schema, as small as it may be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any


def least_value(schema: Mapping[str, Any], text: str) -> Any:
    """The value; its strings are ``text``, as far as their length allows."""
    return _least(schema, schema, text)


def _least(schema: Mapping[str, Any], root: Mapping[str, Any], text: str) -> Any:
    if "$ref" in schema:
        return _least(_resolved(schema["$ref"], root), root, text)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    for several in ("anyOf", "oneOf"):
        if several in schema:
            return _least(schema[several][0], root, text)
    return _of_type(schema, root, text)


def _of_type(schema: Mapping[str, Any], root: Mapping[str, Any], text: str) -> Any:
    kind = schema.get("type", "object" if "properties" in schema else "null")
    match kind[0] if isinstance(kind, list) else kind:
        case "object":
            properties = schema.get("properties", {})
            required = schema.get("required", ())
            return {name: _least(properties.get(name, {}), root, text) for name in required}
        case "array":
            return [_least(schema.get("items", {}), root, text)] * schema.get("minItems", 0)
        case "string":
            least, most = schema.get("minLength", 0), schema.get("maxLength", len(text))
            return text[:most].ljust(least, "-")
        case "integer" | "number":
            return schema.get("minimum", min(0, schema.get("maximum", 0)))
        case "boolean":
            return False
    return None


def _resolved(reference: str, root: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Any = root
    for name in reference.removeprefix("#/").split("/"):
        found = found[name]
    resolved: Mapping[str, Any] = found
    return resolved
