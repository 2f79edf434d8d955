"""Tries Open WebUI itself with a running Cloister: lists models, asks, and sees the sources.

    python deploy/open_webui_check.py --question "..." [--door http://127.0.0.1:8080/v1] [--key KEY]

It installs Open WebUI into an environment of its own (some 3 GB, once; `--venv`), starts it on
loopback with a data folder that is thrown away, and ends it again. Only the standard library is
needed. Tried with Open WebUI 0.12.4.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
import time
import urllib.request
import venv
from pathlib import Path
from typing import Any

CONSTRAINTS = Path(__file__).parent.parent / "constraints.txt"
START_SECONDS = 300
ANSWER_SECONDS = 120
SUFFIX = ":open-webui"


def main() -> int:
    """0 if an answer came with sources."""
    wanted = _arguments()
    program = _installed(Path(wanted.venv))
    with tempfile.TemporaryDirectory(prefix="open-webui-") as data:
        with (Path(data) / "log").open("w") as log:
            process = subprocess.Popen(
                [str(program), "serve", "--host", "127.0.0.1", "--port", str(wanted.port)],
                env=_environment(wanted, data),
                cwd=data,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        try:
            return _check(_WebUI(f"http://127.0.0.1:{wanted.port}"), process, wanted)
        finally:
            process.terminate()
            process.wait(60)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--question", required=True, help="one that your documents answer")
    parser.add_argument("--door", default="http://127.0.0.1:8080/v1")
    parser.add_argument("--key", default="none", help="an API key of Cloister's")
    parser.add_argument("--model", default="all", help="the slug of a collection, or all")
    parser.add_argument("--venv", default=".venv-open-webui")
    parser.add_argument("--port", type=int, default=18_333)
    return parser.parse_args()


def _installed(folder: Path) -> Path:
    """The program, installed first where it is not there yet."""
    program = (folder / "bin" / "open-webui").absolute()
    if not program.exists():
        venv.create(folder, with_pip=True)
        pin = re.search(r"^torch==\S+", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
        torch = pin[0] if pin else "torch"
        pip = [str(folder / "bin" / "python"), "-m", "pip", "--disable-pip-version-check"]
        # torch first and by itself, so that nothing else chooses another build of it.
        subprocess.run([*pip, "install", torch], check=True)
        subprocess.run([*pip, "install", torch, "open-webui"], check=True)
    return program


def _environment(wanted: argparse.Namespace, data: str) -> dict[str, str]:
    return dict(os.environ) | {
        "DATA_DIR": data,
        "WEBUI_AUTH": "False",
        "WEBUI_SECRET_KEY": "only for this check",
        "OPENAI_API_BASE_URL": wanted.door,
        "OPENAI_API_KEY": wanted.key,
        "ENABLE_OLLAMA_API": "False",
        "OFFLINE_MODE": "True",
        "HF_HUB_OFFLINE": "1",
        "RAG_EMBEDDING_ENGINE": "openai",
        "ANONYMIZED_TELEMETRY": "False",
        "DO_NOT_TRACK": "1",
        "SCARF_NO_ANALYTICS": "true",
    }


class _WebUI:
    """Open WebUI's own API, as its pages use it."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._token = ""

    def sign_in(self) -> None:
        self._token = self.ask("/api/v1/auths/signin", {"email": "", "password": ""})["token"]

    def ask(self, path: str, body: dict[str, Any] | None = None) -> Any:
        headers = {"Content-Type": "application/json"}
        if self._token:
            headers["Authorization"] = f"Bearer {self._token}"
        data = json.dumps(body).encode() if body is not None else None
        request = urllib.request.Request(self._url + path, data, headers)
        with urllib.request.urlopen(request, timeout=60) as response:
            return json.load(response)


def _check(webui: _WebUI, process: subprocess.Popen[bytes], wanted: argparse.Namespace) -> int:
    _wait(webui, process)
    webui.sign_in()
    model = wanted.model + SUFFIX
    settings = webui.ask("/openai/config")
    settings["OPENAI_API_CONFIGS"] = {"0": {"enable": True}}
    webui.ask("/openai/config/update", settings)
    listed = [each["id"] for each in webui.ask("/api/models?refresh=true")["data"]]
    _say("models", ", ".join(listed))
    settings["OPENAI_API_CONFIGS"] = {"0": {"enable": True, "model_ids": [model]}}
    webui.ask("/openai/config/update", settings)
    webui.ask("/api/models?refresh=true")
    message = _answered(webui, model, wanted.question)
    _say("answer", message.get("content", ""))
    sources = message.get("sources") or []
    for source in sources:
        _say("source", json.dumps(source, ensure_ascii=False))
    return 0 if wanted.model in listed and sources else 1


def _wait(webui: _WebUI, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            webui.ask("/health")
        except (OSError, ValueError):
            if process.poll() is not None or time.monotonic() > deadline:
                sys.exit("Open WebUI did not start.")
            time.sleep(1)
        else:
            return


def _answered(webui: _WebUI, model: str, question: str) -> dict[str, Any]:
    """The message of an answer, as Open WebUI has stored it."""
    asked = {"id": "u", "parentId": None, "childrenIds": ["a"], "role": "user", "content": question}
    answer = {"id": "a", "parentId": "u", "childrenIds": [], "role": "assistant", "content": ""}
    history = {"messages": {"u": asked, "a": answer | {"model": model}}, "currentId": "a"}
    chat = {"title": "New Chat", "models": [model], "history": history, "messages": []}
    chat_id = webui.ask("/api/v1/chats/new", {"chat": chat})["id"]
    body = {
        "model": model,
        "stream": True,
        "messages": [{"role": "user", "content": question}],
        "chat_id": chat_id,
        "id": "a",
        "session_id": "check",
        "background_tasks": {"title_generation": True, "follow_up_generation": True},
    }
    webui.ask("/api/chat/completions", body)
    deadline = time.monotonic() + ANSWER_SECONDS
    while True:
        stored = webui.ask(f"/api/v1/chats/{chat_id}")["chat"]["history"]["messages"]["a"]
        if stored.get("done") or stored.get("error") or time.monotonic() > deadline:
            return dict(stored)
        time.sleep(0.5)


def _say(what: str, text: str) -> None:
    sys.stdout.write(f"{what}: {text}\n")


if __name__ == "__main__":
    sys.exit(main())
