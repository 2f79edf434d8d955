"""The browser's part as it is served: which address has what, and what a browser may do with it."""

from __future__ import annotations

import re
from pathlib import Path

DIST = Path(__file__).parent / "ui" / "dist"
"""What `make ui` builds of serve/ui."""

POLICY = (
    "default-src 'self'; img-src 'self' data: blob:; style-src 'self'; "
    "script-src 'self' 'wasm-unsafe-eval'; worker-src 'self' blob:; connect-src 'self'; "
    "font-src 'self' data:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; "
    "form-action 'self'"
)
"""What the page may do: nothing beyond this server, and no script but ours."""

WORKER_POLICY = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'"
"""What a worker may do, which goes by its own file: pdf.js fetches character maps and fonts."""

FOR_EVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "no-cache"

MEDIA_TYPES = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".mjs": "text/javascript",
    ".svg": "image/svg+xml",
    ".wasm": "application/wasm",
}

_PAGES = re.compile(
    r"/(?:(?:c|d)/[0-9]{1,19}|documents|settings|admin(?:/[\w/-]*)?|login|sign-in|signed-out|welcome)?",
    re.ASCII,
)
_FILES = re.compile(r"/(?:favicon\.svg|assets/(?:[\w-][\w.-]*/)*[\w-][\w.-]*)", re.ASCII)

NOT_BUILT = """<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>Cloister</title>
<h1>Cloister runs, but its web pages are not built</h1>
<p>Build them with <code>make ui</code> in the folder of Cloister, then load this page again.
Questions can be asked on the command line meanwhile: <code>cloister ask "..."</code>.</p>
<div lang="fr">
<h2>Cloister fonctionne, mais ses pages web ne sont pas construites</h2>
<p>Construisez-les avec <code>make ui</code> dans le dossier de Cloister, puis rechargez cette page.
En attendant, les questions se posent en ligne de commande : <code>cloister ask "..."</code>.</p>
</div>
"""


def is_web_path(path: str) -> bool:
    """Whether an address is one of the browser's part, which anybody may load."""
    return is_page(path) or _FILES.fullmatch(path) is not None


def is_page(path: str) -> bool:
    """Whether an address is one of the program in the browser, which reads it there."""
    return _PAGES.fullmatch(path) is not None


def built_file(path: str, dist: Path = DIST) -> Path | None:
    """The built file of an address; None where there is none."""
    if not _FILES.fullmatch(path):
        return None
    file = dist / path.removeprefix("/")
    return file if file.is_file() else None


def takes_gzip(accept_encoding: str) -> bool:
    """Whether a client that sends this header takes gzipped files."""
    for offer in accept_encoding.lower().split(","):
        name, _, weight = offer.partition(";")
        if name.strip() == "gzip":
            return not re.fullmatch(r"\s*q\s*=\s*0(\.0*)?\s*", weight)
    return False
