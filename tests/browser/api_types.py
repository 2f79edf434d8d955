"""The types of the API for the browser's part.

python -m tests.browser.api_types       write serve/ui/src/api/schema.gen.ts
"""

from __future__ import annotations

import json
import re
import tempfile
from pathlib import Path
from typing import Any

import ui_build
from serve.app import create_app
from serve.settings import Settings

Json = dict[str, Any]

GENERATED = ui_build.UI / "src" / "api" / "schema.gen.ts"
_OPTIONS = ("--alphabetize", "--default-non-nullable=false")


def api_types() -> str:
    """The types, as they follow from the document of the API."""
    ui_build.install()
    with tempfile.TemporaryDirectory() as folder:
        document, types = Path(folder, "openapi.json"), Path(folder, "schema.ts")
        openapi = native_part(create_app(Settings(data=Path(folder))).openapi())
        document.write_text(json.dumps(openapi), encoding="utf-8")
        program = ui_build.UI / "node_modules" / "openapi-typescript" / "bin" / "cli.js"
        ui_build.node(str(program), str(document), "--output", str(types), *_OPTIONS)
        return types.read_text(encoding="utf-8")


def native_part(openapi: Json) -> Json:
    """What the browser uses of the document of the API: its own routes, and their successes."""
    paths = {path: each for path, each in openapi["paths"].items() if path.startswith("/api/")}
    for operations in paths.values():
        for operation in operations.values():
            operation.pop("operationId", None)
            operation["responses"] = {
                status: told for status, told in operation["responses"].items() if status < "400"
            }
    schemas: Json = openapi["components"]["schemas"]
    used = {name: schemas[name] for name in sorted(_named(paths, schemas) | {"Problem"})}
    info = {"title": "Cloister", "version": ""}
    return {"openapi": "3.1.0", "info": info, "paths": paths, "components": {"schemas": used}}


def _named(part: Json, schemas: Json) -> set[str]:
    """The schemas that a part of the document refers to, and those that they refer to."""
    found: set[str] = set()
    waiting = [part, schemas["Problem"]]
    while waiting:
        text = json.dumps(waiting.pop())
        for name in set(re.findall(r'"#/components/schemas/([^"]+)"', text)) - found:
            found.add(name)
            waiting.append(schemas[name])
    return found


if __name__ == "__main__":
    GENERATED.write_text(api_types(), encoding="utf-8")
