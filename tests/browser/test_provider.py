"""Signing in at the organisation's own provider, which is a real one."""

from __future__ import annotations

import re
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect

import ui_build
from tests.browser.chat import answered, ask
from tests.browser.visit import Visit, visit
from tests.conftest import ServerFactory
from tests.fixtures.oidc import SECRET, OidcProvider, oidc_provider
from tests.fixtures.people import Town

OF_ITS_PAGES = {"fonts.googleapis.com"}
"""Whom the provider's own pages ask, in vain."""


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as running:
        running.knows("ada", email="ada@example.org", email_verified=True)
        yield running


@pytest.fixture(scope="module")
def town(module_server: ServerFactory, provider: OidcProvider) -> Iterator[Town]:
    ui_build.build()
    made = Town(
        module_server(
            OIDC_ISSUER=provider.issuer,
            OIDC_CLIENT_ID="cloister",
            OIDC_CLIENT_SECRET=SECRET,
            OIDC_NAME="Rathaus",
            OIDC_ACCOUNTS="first_sign_in",
            WORKERS="0",
        )
    )
    provider.set(redirectUris=[f"{made.server.url}/api/v1/auth/oidc/callback"])
    made.person("Root", administrator=True)
    yield made
    made.close()


@pytest.fixture
def stranger(browser: Browser, town: Town) -> Iterator[Visit]:
    seen = visit(browser, town)
    seen.context.route("https://**", lambda route: route.abort())
    yield seen
    seen.context.close()
    assert seen.complaints == []


def test_a_click_leads_to_the_provider_and_back_signed_in(
    stranger: Visit, provider: OidcProvider
) -> None:
    page = stranger.open("/documents")
    way = page.get_by_role("link", name="Sign in with Rathaus")
    expect(way).to_be_visible()
    assert stranger.axe() == []
    way.click()
    expect(page).to_have_url(re.compile("^" + re.escape(provider.issuer)))
    _answer(page, provider)
    expect(page).to_have_url(f"{stranger.url}/documents")
    expect(page.get_by_role("heading", name="Documents", exact=True)).to_be_visible()
    expect(page.get_by_text("ada@example.org")).to_be_visible()
    hosts = {urlsplit(each).netloc for each in stranger.foreign()} - OF_ITS_PAGES
    assert hosts == {urlsplit(provider.issuer).netloc}
    assert stranger.axe() == []


def test_a_session_that_ends_is_renewed_at_the_provider_and_keeps_the_question(
    stranger: Visit, provider: OidcProvider
) -> None:
    page = stranger.open("/")
    page.get_by_role("link", name="Sign in with Rathaus").click()
    _answer(page, provider)
    composer = page.get_by_role("textbox", name="Question", exact=True)
    ask(page, "Is anything known of this?")
    answered(page)
    stranger.context.clear_cookies()
    ask(page, "And of that?")
    dialog = page.get_by_role("dialog", name="Your session has ended")
    dialog.get_by_role("link", name="Sign in with Rathaus").click()
    _answer(page, provider)
    expect(page.locator(".question-text")).to_have_text("Is anything known of this?")
    expect(composer).to_have_value("And of that?")


def _answer(page: Page, provider: OidcProvider) -> None:
    """Sign in on the provider's own pages."""
    page.locator("input[name=login]").fill("ada")
    page.locator("input[name=password]").fill("any")
    page.locator("button[type=submit]").click()
    if page.url.startswith(provider.issuer):  # It asks for consent, too.
        page.locator("button[type=submit]").click()
