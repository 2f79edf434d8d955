"""``cloister status``."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import typer

from serve.commands.invocation import JsonOption, invocation_of, print_json

if TYPE_CHECKING:
    from serve.client import Client

_READY_SECONDS = 20.0
_SAFE_SQLITE = (3, 51, 3)


def status(context: typer.Context, as_json: JsonOption = False) -> None:
    """Show what there is and how it is."""
    with invocation_of(context).connected() as client:
        wait_until_ready(client)
        found = client.get("/api/v1/status")
        found["server"] = None if client.embedded else client.where
    if as_json:
        print_json(found)
        return
    for key, value in _lines(found):
        typer.echo(f"{key + ':':<14}{value}")


def wait_until_ready(client: Client) -> None:
    """Let a server that lives only for this command load what it is asked about."""
    deadline = time.monotonic() + _READY_SECONDS if client.embedded else 0.0
    while time.monotonic() < deadline and not _is_complete(client.get("/api/v1/status")):
        time.sleep(0.1)


def _is_complete(found: dict[str, Any]) -> bool:
    """Whether all is loaded, and the servers of models were asked what they can do."""
    models = (found["llm"], found["guard"])
    return bool(found["ready"]) and all(model["asked"] for model in models if model)


def _lines(found: dict[str, Any]) -> list[tuple[str, str]]:
    states = ", ".join(f"{count} {state}" for state, count in sorted(found["documents"].items()))
    embedder = found["embedder"]
    index = "in step" if found["index_seq"] == found["seq"] else f"{found['index_seq']} applied"
    return [
        ("version", found["version"]),
        ("server", found["server"] or "none runs; this command opened the data folder itself"),
        ("data folder", f"{found['data_folder']} ({_size(found['data_bytes'])})"),
        ("documents", states or "none"),
        ("collections", str(found["collections"])),
        ("chunks", str(found["chunks"])),
        ("jobs", f"{found['active_jobs']} under way, {found['workers']} workers"),
        ("changes", f"{found['seq']}, index {index}"),
        ("embedder", _embedder(embedder, found["trouble"])),
        ("model", _model(found["llm"])),
        ("safety model", _guard(found["guard"])),
        ("database", _database(found)),
    ]


def _embedder(embedder: dict[str, Any] | None, trouble: str) -> str:
    if embedder is None:
        return trouble or "loading"
    return f"{embedder['name']}, {embedder['dimensions']} dimensions"


def _model(llm: dict[str, Any] | None) -> str:
    if llm is None:
        return "none; answers are the documents' own sentences (CLOISTER_LLM_URL)"
    if not llm["asked"]:
        return f"at {llm['url']}: {llm['trouble']}"
    if not llm["writes"]:
        return f"not usable at {llm['url']}: {llm['trouble']}"
    abilities = {"tokenizes": "counts tokens", "json_schema": "JSON schema", "grammar": "grammar"}
    able = [word for name, word in abilities.items() if llm[name]]
    context = f"{llm['context_tokens']} tokens" if llm["context_tokens"] else "unknown window"
    built = "; Built with Llama" if llm["is_llama"] else ""
    return f"{llm['model']} at {llm['url']} ({', '.join([context, *able])}){built}"


def _guard(guard: dict[str, Any] | None) -> str:
    if guard is None:
        return "none (CLOISTER_GUARD_URL)"
    if not guard["asked"]:
        return f"at {guard['url']}: {guard['trouble']}"
    if not guard["judges"]:
        return f"not usable at {guard['url']}, so nothing is answered: {guard['trouble']}"
    return f"{guard['model']} at {guard['url']} ({', '.join(guard['categories'])})"


def _database(found: dict[str, Any]) -> str:
    version = found["sqlite_version"]
    if version is None:
        return str(found["database"])
    if tuple(map(int, version.split("."))) >= _SAFE_SQLITE:
        return f"SQLite {version}"
    return (
        f"SQLite {version} (before 3.51.3 two writers at once could damage it; "
        "Cloister lets only one write at a time)"
    )


def _size(count: float) -> str:
    for unit in ("bytes", "KiB", "MiB", "GiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"
