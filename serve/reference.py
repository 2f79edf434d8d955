"""The OpenAPI document as a page: no script, nothing from anywhere else."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Iterator
from html import escape
from typing import Any

Json = dict[str, Any]

_STYLE = (
    "body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:2rem auto;padding:0 1rem;"
    "color-scheme:light dark}"
    "code,pre{font:14px/1.45 ui-monospace,monospace}"
    "pre{overflow:auto;padding:.75rem;border:1px solid #8884;border-radius:4px}"
    "h2{margin-top:3rem}h3{margin-top:2rem}"
    "table{border-collapse:collapse}td,th{text-align:left;padding:.15rem 1rem .15rem 0;"
    "vertical-align:top}"
    "summary{cursor:pointer}a{color:inherit}"
)
_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()

POLICY = (
    f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; sandbox"
)
"""What a browser may do with the page: draw it."""


def reference_page(document: Json) -> str:
    """The page of an OpenAPI document."""
    info = document["info"]
    parts = [
        "<!doctype html><html lang=en><meta charset=utf-8>",
        "<meta name=viewport content='width=device-width'>",
        f"<title>{escape(info['title'])}: API</title><style>{_STYLE}</style>",
        f"<h1>{escape(info['title'])} {escape(info['version'])}: API</h1>",
        f"<p>{escape(info.get('summary', ''))}</p>",
        "<p>As a document for programs: <a href=/openapi.json>/openapi.json</a></p>",
    ]
    for tag, operations in _by_tag(document).items():
        parts.append(f"<h2>{escape(tag)}</h2>")
        parts += [_operation(*each) for each in operations]
    parts.append("<h2>Schemas</h2>")
    parts += [_schema(*each) for each in sorted(document["components"]["schemas"].items())]
    return "\n".join(parts)


def _by_tag(document: Json) -> dict[str, list[tuple[str, str, Json]]]:
    found: dict[str, list[tuple[str, str, Json]]] = {}
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            tag = operation.get("tags", ["other"])[0]
            found.setdefault(tag, []).append((method, path, operation))
    return found


def _operation(method: str, path: str, operation: Json) -> str:
    parts = [
        f"<h3><code>{method.upper()} {escape(path)}</code></h3>",
        f"<p>{escape(operation.get('description', ''))}</p>",
    ]
    if rows := "".join(_parameters(operation)):
        parts.append(f"<table>{rows}</table>")
    for kind, content in operation.get("requestBody", {}).get("content", {}).items():
        parts.append(f"<p>Body, {escape(kind)}: {_type(content.get('schema', {}))}</p>")
    rows = "".join(
        f"<tr><td><code>{escape(status)}</code><td>{escape(told['description'])}"
        f"<td>{_contents(told)}"
        for status, told in sorted(operation["responses"].items())
    )
    parts.append(f"<details><summary>Answers</summary><table>{rows}</table></details>")
    return "\n".join(parts)


def _parameters(operation: Json) -> Iterator[str]:
    for each in operation.get("parameters", []):
        needed = "needed" if each.get("required") else ""
        yield (
            f"<tr><td><code>{escape(each['name'])}</code><td>{escape(each['in'])}"
            f"<td>{_type(each.get('schema', {}))}<td>{needed}"
        )


def _contents(told: Json) -> str:
    return "; ".join(
        f"{escape(kind)} {_type(content.get('schema', {}))}"
        for kind, content in told.get("content", {}).items()
    )


def _type(schema: Json) -> str:
    """A schema in a few words; a named one as a link."""
    if "$ref" in schema:
        name = escape(schema["$ref"].rpartition("/")[2])
        return f"<a href='#schema-{name}'>{name}</a>"
    if "anyOf" in schema:
        return " or ".join(_type(each) for each in schema["anyOf"])
    if schema.get("type") == "array":
        return f"list of {_type(schema.get('items', {}))}"
    kind = schema.get("type", "")
    return escape(kind if isinstance(kind, str) else " or ".join(kind))


def _schema(name: str, schema: Json) -> str:
    shown = escape(json.dumps(schema, ensure_ascii=False, indent=2))
    return (
        f"<details id='schema-{escape(name)}'><summary><code>{escape(name)}</code></summary>"
        f"<pre>{shown}</pre></details>"
    )
