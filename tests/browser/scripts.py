"""The scripts that a page asks for, and how much of them comes over the wire."""

from __future__ import annotations

import gzip
from pathlib import Path
from urllib.parse import urlsplit

import ui_build
from tests.browser.visit import Visit

# Whatever a page fetches ahead of need is fetched by then.
_IDLE = "new Promise((done) => requestIdleCallback(() => setTimeout(done, 700)))"


def scripts_asked(seen: Visit) -> set[Path]:
    """The built scripts that a visit has asked for, once its page has come to rest."""
    seen.page.wait_for_load_state("networkidle")
    seen.page.evaluate(_IDLE)
    seen.page.wait_for_load_state("networkidle")
    paths = {urlsplit(each).path for each in seen.asked}
    return {ui_build.DIST / path[1:] for path in paths if path.endswith((".js", ".mjs"))}


def gzipped_bytes(scripts: set[Path]) -> int:
    """What they come to when each is gzipped."""
    return sum(len(gzip.compress(each.read_bytes(), 9)) for each in scripts)
