"""Browsers before a real server; a page that asks another host or complains fails its test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser, Page

from serve.scripted.replies import quoting
from tests.browser.chromium import chromium
from tests.browser.site import ADMINISTRATOR, Site, open_site
from tests.browser.visit import Visit, visit
from tests.conftest import ServerFactory

VisitFactory = Callable[..., Visit]


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with chromium() as running:
        yield running


@pytest.fixture(scope="module")
def site(browser: Browser, module_server: ServerFactory) -> Iterator[Site]:
    with open_site(module_server) as opened:
        yield opened


@pytest.fixture
def visiting(browser: Browser, site: Site) -> Iterator[VisitFactory]:
    """Makes visits; ``person`` signs somebody in, other options are those of a browser context."""
    made: list[Visit] = []

    def make(person: str | None = None, **options: Any) -> Visit:
        made.append(visit(browser, site.town, **options))
        if person:
            made[-1].sign_in(person)
        return made[-1]

    yield make
    site.llm.server.script = quoting
    for each in made:
        each.context.close()
    assert [each.foreign() for each in made] == [[]] * len(made)
    assert [each.complaints for each in made] == [[]] * len(made)


@pytest.fixture
def signed_in(visiting: VisitFactory) -> Visit:
    """A visit of the administrator."""
    return visiting(ADMINISTRATOR)


@pytest.fixture
def signed_in_page(signed_in: Visit) -> Page:
    """The administrator's page, where a chat begins."""
    return signed_in.open("/")
