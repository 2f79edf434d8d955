"""Signing in by a real OpenID provider, and everything that must not let anybody in."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.oidc import SECRET, OidcProvider, back_from, oidc_provider, signed_in_by
from tests.fixtures.people import PASSWORD, Town, problem

CALLBACK = "/api/v1/auth/oidc/callback"

Start = Callable[..., Town]


@pytest.fixture(scope="module")
def provider() -> Iterator[OidcProvider]:
    with oidc_provider() as running:
        yield running


@pytest.fixture(scope="module")
def towns(module_server: ServerFactory, provider: OidcProvider) -> Iterator[Start]:
    """Servers that sign people in by the provider, one for each set of settings."""
    made: dict[str, Town] = {}

    def found(**settings: str) -> Town:
        given = {
            "OIDC_ISSUER": provider.issuer,
            "OIDC_CLIENT_ID": "cloister",
            "OIDC_CLIENT_SECRET": SECRET,
            "OIDC_NAME": "Rathaus",
            "OIDC_SCOPES": "openid email profile groups",
            "WORKERS": "0",
        }
        if (name := repr(settings)) not in made:
            made[name] = Town(module_server(**(given | settings)))
            made[name].person("Root", administrator=True)
        return made[name]

    yield found
    for each in made.values():
        each.close()


@pytest.fixture
def start(towns: Start, provider: OidcProvider) -> Start:
    """Such a server, to which the provider sends people back, without faults."""

    def started(**settings: str) -> Town:
        town = towns(**settings)
        provider.set(fault="", people={}, key=1, redirectUris=[town.server.url + CALLBACK])
        return town

    return started


@pytest.fixture
def open_town(start: Start) -> Town:
    return start(OIDC_ACCOUNTS="first_sign_in")


def me(http: httpx.Client) -> dict[str, object]:
    response = http.get("/api/v1/me")
    assert response.status_code == 200, response.text
    found: dict[str, object] = response.json()
    return found


def entered(http: httpx.Client, login: str) -> dict[str, object]:
    back = signed_in_by(http, login)
    assert (back.status_code, back.headers.get("location")) == (303, "/"), back.text
    return me(http)


def nobody(http: httpx.Client) -> None:
    problem(http.get("/api/v1/me"), 401, "not_signed_in")


def test_somebody_signs_in_and_comes_back_as_the_same(
    open_town: Town, provider: OidcProvider
) -> None:
    http = open_town.browser()
    methods = http.get("/api/v1/auth/methods").json()
    assert methods == {"password": True, "oidc": {"name": "Rathaus", "path": "/api/v1/auth/oidc"}}
    provider.knows("ada", email="ada@example.org", email_verified=True)
    back = signed_in_by(http, "ada", return_to="/c/7?x=1")
    assert (back.status_code, back.headers["location"]) == (303, "/c/7?x=1")
    first = me(http)
    assert (first["name"], first["by_oidc"]) == ("ada@example.org", True), first
    changed = http.post("/api/v1/keys", json={"name": "k", "permissions": ["ask"]})
    assert changed.json()["code"] == "csrf_failed"
    http.headers["X-CSRF-Token"] = str(first["csrf_token"])
    # The address may change at the provider; who it is does not.
    provider.knows("ada", email="countess@example.org", email_verified=True)
    assert entered(open_town.browser(), "ada")["person_id"] == first["person_id"]
    assert http.post("/api/v1/auth/logout").status_code == 204
    nobody(http)
    left = http.get("/api/v1/auth/oidc/logout")
    assert left.headers["location"].startswith(f"{provider.issuer}/session/end?")


def test_without_a_provider_there_is_only_the_password(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    assert running.http.get("/api/v1/auth/methods").json() == {"password": True, "oidc": None}
    for path in ("/api/v1/auth/oidc", CALLBACK, "/api/v1/auth/oidc/logout"):
        problem(running.http.get(path), 404, "not_found")


@pytest.mark.parametrize(
    "elsewhere",
    ["https://evil.example", "//evil.example", "/\\evil.example", "evil", "/a\nb", "javascript:x"],
)
def test_the_way_back_is_never_another_site(
    open_town: Town, provider: OidcProvider, elsewhere: str
) -> None:
    assert signed_in_by(open_town.browser(), "ada", elsewhere).headers["location"] == "/"


def test_an_answer_counts_only_where_it_was_asked_for(
    open_town: Town, provider: OidcProvider
) -> None:
    http, other = open_town.browser(), open_town.browser()
    address = http.get("/api/v1/auth/oidc").headers["location"]
    back = back_from(http, address, "ada")
    # Another browser, with no attempt and then with one of its own.
    problem(other.get(back), 401, "oidc_refused")
    other.get("/api/v1/auth/oidc")
    problem(other.get(back), 401, "oidc_refused")
    nobody(other)
    query = {name: values[0] for name, values in parse_qs(urlsplit(back).query).items()}
    spoiled = [
        query | {"state": "of-mine"},
        query | {"state": ""},
        query | {"iss": "https://other.example"},
        {name: value for name, value in query.items() if name != "iss"},
        query | {"code": "guessed"},
        query | {"code": ""},
        query | {"error": "access_denied"},
    ]
    for each in spoiled:
        again = open_town.browser()
        again.cookies.update(http.cookies)
        problem(again.get(f"{CALLBACK}?{urlencode(each)}"), 401, "oidc_refused")
        nobody(again)
    assert http.get(back).status_code == 303
    me(http)


def test_a_code_is_used_once(open_town: Town) -> None:
    http = open_town.browser()
    begun = http.get("/api/v1/auth/oidc")
    cookies = dict(http.cookies)
    back = back_from(http, begun.headers["location"], "ada")
    assert http.get(back).status_code == 303
    problem(http.get(back), 401, "oidc_refused")
    thief = open_town.browser()
    thief.cookies.update(cookies)
    problem(thief.get(back), 401, "oidc_refused")
    nobody(thief)


@pytest.mark.parametrize(
    "fault",
    [
        "nonce",
        "no-nonce",
        "audience",
        "authorized-party",
        "issuer",
        "expired",
        "unsigned",
        "shared-secret",
        "foreign-key",
        "hidden-key",
        "other-person",
    ],
)
def test_a_token_that_proves_nothing(open_town: Town, provider: OidcProvider, fault: str) -> None:
    http = open_town.browser()
    provider.set(fault=fault)
    problem(signed_in_by(http, "ada"), 401, "oidc_refused")
    nobody(http)
    provider.set(fault="")
    entered(http, "ada")


def test_the_provider_changes_its_keys(open_town: Town, provider: OidcProvider) -> None:
    one = entered(open_town.browser(), "ada")
    provider.set(key=2)
    assert entered(open_town.browser(), "ada")["person_id"] == one["person_id"]


def test_the_provider_is_away(start: Start, provider: OidcProvider) -> None:
    with oidc_provider() as other:
        town = start(OIDC_ISSUER=other.issuer, OIDC_ACCOUNTS="first_sign_in")
        other.set(redirectUris=[town.server.url + CALLBACK])
        other.set(fault="broken")
        problem(signed_in_by(town.browser(), "ada"), 502, "oidc_unavailable")
    asks = {"Accept": "text/html", "Accept-Language": "fr-FR"}
    begun = town.browser().get("/api/v1/auth/oidc")
    # It is known for an hour where the provider's page is.
    assert begun.status_code == 303
    fresh = start(OIDC_ISSUER=other.issuer, OIDC_NAME="Fresh")
    problem(fresh.browser().get("/api/v1/auth/oidc"), 502, "oidc_unavailable")
    page = fresh.browser().get("/api/v1/auth/oidc", headers=asks)
    assert page.status_code == 502
    assert "Le fournisseur d'identité ne répond pas" in page.text.replace("&#x27;", "'")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert fresh.signed_in("Root").get("/api/v1/me").status_code == 200


def test_only_the_configured_issuer_counts(start: Start, provider: OidcProvider) -> None:
    by_another_name = provider.issuer.replace("127.0.0.1", "localhost")
    town = start(OIDC_ISSUER=by_another_name)
    told = problem(town.browser().get("/api/v1/auth/oidc"), 502, "oidc_unavailable")
    assert "CLOISTER_OIDC_ISSUER" in told["detail"]


def test_groups_follow_the_provider_where_they_are_its_own(
    start: Start, provider: OidcProvider
) -> None:
    town = start(OIDC_ACCOUNTS="first_sign_in", OIDC_ADMIN_GROUP="IT")
    ids = {}
    for name, from_oidc in (("Lawyers", True), ("Archive", True), ("Choir", False)):
        body = {"name": name, "from_oidc": from_oidc}
        ids[name] = town.operator.post("/api/v1/groups", json=body).json()["id"]

    def groups_of(person: object) -> set[str]:
        return {
            name
            for name, each in ids.items()
            for member in town.operator.get(f"/api/v1/groups/{each}").json()["members"]
            if member["id"] == person
        }

    provider.knows("ada", groups=["Lawyers", "Choir", "Unknown", 7, "IT"])
    http = town.browser()
    told = entered(http, "ada")
    ada = told["person_id"]
    assert groups_of(ada) == {"Lawyers"}
    assert told["is_administrator"]
    by_hand = f"/api/v1/groups/{ids['Choir']}/members"
    assert town.operator.put(by_hand, json={"people": [ada]}).status_code == 200
    refused = town.operator.put(f"/api/v1/groups/{ids['Archive']}/members", json={"people": [ada]})
    problem(refused, 409, "filled_by_provider")
    provider.knows("ada", groups=["Archive"])
    assert not entered(town.browser(), "ada")["is_administrator"]
    assert groups_of(ada) == {"Archive", "Choir"}
    provider.knows("ada")
    entered(town.browser(), "ada")
    assert groups_of(ada) == {"Choir"}
    # Who was made an administrator here stays one.
    town.operator.patch(f"/api/v1/people/{ada}", json={"is_administrator": True})
    assert entered(town.browser(), "ada")["is_administrator"]
    town.operator.patch(f"/api/v1/people/{ada}", json={"is_administrator": False})


def test_what_the_provider_gave_it_takes_away_from_another_identity_as_well(
    start: Start, provider: OidcProvider
) -> None:
    town = start(OIDC_ACCOUNTS="first_sign_in", OIDC_ADMIN_GROUP="IT")
    provider.knows("una", groups=["IT"])
    una = entered(town.browser(), "una")
    assert una["is_administrator"]
    token = town.operator.post(f"/api/v1/people/{una['person_id']}/link").json()["token"]
    provider.knows("una2", groups=["IT"])
    http = town.browser()
    begun = http.post("/api/v1/auth/oidc/links", json={"token": token})
    assert http.get(back_from(http, begun.json()["location"], "una2")).status_code == 303
    provider.knows("una2", groups=[])
    after = entered(town.browser(), "una2")
    assert (after["person_id"], after["is_administrator"]) == (una["person_id"], False)


def test_the_last_administrator_stays_one(start: Start, provider: OidcProvider) -> None:
    town = start(OIDC_ACCOUNTS="first_sign_in", OIDC_ADMIN_GROUP="IT")
    provider.knows("eve", groups="IT")
    entered(town.browser(), "eve")
    root = town.id_of(town.signed_in("Root"))
    town.suspended(root)
    provider.knows("eve", groups=[])
    assert entered(town.browser(), "eve")["is_administrator"]
    town.suspended(root, False)


def test_a_suspended_person_does_not_come_in(open_town: Town, provider: OidcProvider) -> None:
    http = open_town.browser()
    sue = entered(http, "sue")["person_id"]
    assert isinstance(sue, int)
    open_town.suspended(sue)
    nobody(http)
    problem(signed_in_by(http, "sue"), 403, "account_suspended")
    nobody(http)
    open_town.suspended(sue, False)
    entered(http, "sue")


def test_an_address_takes_no_account_over(open_town: Town, provider: OidcProvider) -> None:
    owner = open_town.person("ann@example.org")
    provider.knows("mallory", email="ANN@example.org", email_verified=True)
    http = open_town.browser()
    problem(signed_in_by(http, "mallory"), 403, "account_exists")
    nobody(http)
    # Nor an account that another identity has entered.
    provider.knows("first", email="first@example.org", email_verified=True)
    first = entered(open_town.browser(), "first")
    provider.knows("second", email="first@example.org", email_verified=True)
    problem(signed_in_by(http, "second"), 403, "account_exists")
    assert open_town.id_of(owner) != first["person_id"]


@pytest.mark.parametrize(
    ("login", "claims", "name"),
    [
        ("m1", {"email_verified": False}, "m1"),
        ("m2", {"preferred_username": "carol@example.org", "name": "Carol@example.org"}, "m2"),
        ("m3", {"preferred_username": "carol\uff20example.org"}, "m3"),
        ("m4", {"preferred_username": "carol@example.org", "name": "Carol"}, "Carol"),
        ("m5", {"preferred_username": "caroline"}, "caroline"),
    ],
)
def test_nobody_is_named_by_an_address_that_is_not_proved(
    open_town: Town, provider: OidcProvider, login: str, claims: dict[str, object], name: str
) -> None:
    provider.knows(login, **{"email": "carol@example.org"} | claims)
    assert entered(open_town.browser(), login)["name"] == name


def test_only_the_invited_come_in_unless_told_otherwise(
    start: Start, provider: OidcProvider
) -> None:
    town = start()
    provider.knows("ada", email="ada@example.org", email_verified=True)
    http = town.browser()
    told = problem(signed_in_by(http, "ada"), 403, "account_needed")
    assert "ada@example.org" in told["detail"]
    invited = town.invited("Ada@example.org")
    provider.knows("mallory", email="ada@example.org", email_verified=False, name="ada@example.org")
    told = problem(signed_in_by(http, "mallory"), 403, "account_needed")
    assert "mallory" in told["detail"]
    town.invited("ada")
    provider.knows("mallory", preferred_username="ada")
    problem(signed_in_by(http, "mallory"), 403, "account_exists")
    provider.knows("ada", email="ada@example.org", email_verified=True)
    assert entered(http, "ada")["person_id"] == invited["person"]["id"]
    used = {"token": invited["token"], "password": PASSWORD}
    problem(town.browser().post("/api/v1/auth/links", json=used), 404, "link_invalid")


def test_a_link_connects_an_account_that_has_a_password(
    start: Start, provider: OidcProvider
) -> None:
    town = start()
    ann = town.id_of(town.person("Ann"))
    token = town.operator.post(f"/api/v1/people/{ann}/link").json()["token"]
    http = town.browser()
    problem(http.post("/api/v1/auth/oidc/links", json={"token": "cll_x"}), 404, "link_invalid")
    begun = http.post("/api/v1/auth/oidc/links", json={"token": token})
    assert http.get(back_from(http, begun.json()["location"], "ann")).status_code == 303
    assert me(http)["person_id"] == ann
    assert entered(town.browser(), "ann")["person_id"] == ann
    town.signed_in("Ann")
    problem(http.post("/api/v1/auth/oidc/links", json={"token": token}), 404, "link_invalid")


@pytest.mark.parametrize(
    ("email", "verified", "comes_in"),
    [
        ("a@example.org", True, True),
        ("a@EXAMPLE.org", True, True),
        ("a@example.org", False, False),
        ("a@example.org.evil.example", True, False),
        ("a@sub.example.org", True, False),
        ("example.org", True, False),
        (None, None, False),
    ],
)
def test_only_domains_that_are_let_in(
    start: Start, provider: OidcProvider, email: str | None, verified: bool | None, comes_in: bool
) -> None:
    town = start(OIDC_ACCOUNTS="first_sign_in", OIDC_EMAIL_DOMAINS="example.org, example.net")
    provider.knows("ada", email=email, email_verified=verified)
    http = town.browser()
    if comes_in:
        entered(http, "ada")
    else:
        problem(signed_in_by(http, "ada"), 403, "domain_refused")
        nobody(http)


def test_nobody_is_made_before_there_is_an_administrator(
    server: ServerFactory, provider: OidcProvider
) -> None:
    running: RunningServer = server(
        OIDC_ISSUER=provider.issuer,
        OIDC_CLIENT_ID="cloister",
        OIDC_CLIENT_SECRET=SECRET,
        OIDC_ACCOUNTS="first_sign_in",
        WORKERS="0",
    )
    provider.set(fault="", people={}, key=1, redirectUris=[running.url + CALLBACK])
    with httpx.Client(base_url=running.url, trust_env=False, timeout=60) as http:
        problem(signed_in_by(http, "ada"), 403, "account_needed")


def test_guessing_codes_is_slowed_down(start: Start) -> None:
    http = start(OIDC_NAME="Another").browser()
    codes = set()
    for _ in range(11):
        address = http.get("/api/v1/auth/oidc").headers["location"]
        state = parse_qs(urlsplit(address).query)["state"][0]
        issuer = f"{urlsplit(address).scheme}://{urlsplit(address).netloc}"
        query = urlencode({"state": state, "code": "guessed", "iss": issuer})
        codes.add(http.get(f"{CALLBACK}?{query}").json()["code"])
    assert codes == {"oidc_refused", "too_many_attempts"}


@pytest.mark.parametrize("spoiled", [{"state": "of-mine"}, {"code": ""}, {"error": "denied"}])
def test_what_proves_nothing_fills_no_audit_log(start: Start, spoiled: dict[str, str]) -> None:
    town = start(OIDC_NAME=f"Flooded by {spoiled}")
    http = town.browser()
    address = http.get("/api/v1/auth/oidc").headers["location"]
    cookies = dict(http.cookies)
    state = parse_qs(urlsplit(address).query)["state"][0]
    query = urlencode({"state": state, "code": "guessed"} | spoiled)
    codes = []
    for _ in range(30):
        http.cookies.update(cookies)
        codes.append(http.get(f"{CALLBACK}?{query}").json()["code"])
    assert codes == ["oidc_refused"] * 10 + ["too_many_attempts"] * 20
    records = town.operator.get("/api/v1/audit", params={"limit": 100}).json()["items"]
    acts = [each["act"] for each in records if each["details"].get("via") == "oidc"]
    assert acts == ["sign_in.throttled"] + ["sign_in.failed"] * 10


@pytest.mark.parametrize(
    ("settings", "named"),
    [
        ({"OIDC_ISSUER": "http://id.example.org", "OIDC_CLIENT_ID": "c"}, "https"),
        ({"OIDC_ISSUER": "https://id.example.org"}, "CLOISTER_OIDC_CLIENT_ID"),
    ],
)
def test_half_a_configuration_is_refused(
    server: ServerFactory, settings: dict[str, str], named: str
) -> None:
    with pytest.raises(AssertionError, match=named):
        server(**settings)
