"""The system's Chromium, and what its pages must not do."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, expect, sync_playwright

_NAMES = ("chromium", "chromium-browser", "google-chrome")
# As long as Playwright waits for what it clicks: how fast a page is is for the bench to say.
_PATIENCE = 30_000
_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]


def chromium_path() -> str:
    """Where Chromium is; a test is left out without it, or fails where it was told to need it."""
    for name in _NAMES:
        if path := shutil.which(name):
            return path
    if os.environ.get("REQUIRE_BROWSER"):
        pytest.fail("There is no Chromium, and REQUIRE_BROWSER is set.")
    pytest.skip("There is no Chromium here; Debian has it as the package chromium.")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A headless browser, until the block ends."""
    path = chromium_path()
    expect.set_options(timeout=_PATIENCE)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=_ARGUMENTS)
        yield browser
        browser.close()
