"""Signing in and out of a real server, by password, by link and with keys."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from sqlalchemy import update

from retrieval.database import Database
from retrieval.schema import api_keys, sessions
from serve.people.throttle import MOST_PER_ACCOUNT
from tests.conftest import RunningServer, ServerFactory
from tests.fixtures.people import PASSWORD, Town, browser, problem

ME = "/api/v1/me"


@pytest.fixture(scope="module")
def town(module_server: ServerFactory) -> Iterator[Town]:
    made = Town(module_server(WORKERS="0"))
    yield made
    made.close()


def token_of(http: httpx.Client) -> str:
    token = http.cookies["cloister"]
    assert token.startswith("cls_")
    return token


def changed(town: Town, statement: object) -> None:
    database = Database(f"sqlite:///{town.server.data}/cloister.db")
    with database.write() as connection:
        connection.execute(statement)  # type: ignore[call-overload]
    database.close()


def test_without_a_credential_there_is_nothing_but_health(town: Town) -> None:
    http = town.browser()
    assert http.get("/healthz").status_code == 200
    assert http.get("/readyz").status_code in (200, 503)
    # The pages are files that hold nothing of anybody; what they show, they ask for.
    pages = [http.get(path) for path in ("/", "/documents", "/sign-in", "/assets/none.js")]
    assert {page.status_code for page in pages} <= {200, 404, 503}
    assert not {"set-cookie", "www-authenticate"} & {
        name for page in pages for name in page.headers
    }
    closed = (ME, "/api/v1/status", "/api/v1/documents/1", "/v1/models", "/nothing", "/metrics",
              "/openapi.json", "/reference", "/mcp")  # fmt: skip
    for path in closed:
        response = http.get(path)
        assert response.status_code == 401, path
        assert response.headers["WWW-Authenticate"].startswith("Bearer")
    problem(http.post("/api/v1/search", json={"query": "x"}), 401, "not_signed_in")


def test_the_operator_comes_with_the_token_of_the_data_folder(town: Town) -> None:
    file = town.server.data / "operator.token"
    assert file.stat().st_mode & 0o777 == 0o600
    told = town.operator.get(ME).json()
    assert (told["person_id"], told["name"], told["is_administrator"]) == (None, "operator", True)
    wrong = {"Authorization": "Bearer clo_" + "x" * 43}
    problem(town.browser().get(ME, headers=wrong), 401, "not_signed_in")


def test_a_password_opens_a_session_which_logging_out_ends(town: Town) -> None:
    town.person("Ann")
    http = town.signed_in("  aNN ")
    told = http.get(ME).json()
    assert (told["name"], told["is_administrator"]) == ("Ann", False)
    assert told["csrf_token"] == http.headers["X-CSRF-Token"]
    token = token_of(http)
    done = http.post("/api/v1/auth/logout")
    assert done.status_code == 204
    assert "cloister" not in http.cookies
    again = town.browser()
    problem(again.get(ME, headers={"Cookie": f"cloister={token}"}), 401, "not_signed_in")


def test_the_cookie_is_closed_to_scripts_and_by_tls_to_everything_else(town: Town) -> None:
    town.person("Tess")
    body = {"name": "Tess", "password": PASSWORD}
    plain = town.browser().post("/api/v1/auth/login", json=body).headers["set-cookie"]
    assert re.match(r"cloister=cls_", plain)
    assert "HttpOnly" in plain
    assert "samesite=lax" in plain.lower()
    by_tls = {"X-Forwarded-Proto": "https"}
    secure = town.browser().post("/api/v1/auth/login", json=body, headers=by_tls)
    cookie = secure.headers["set-cookie"]
    assert cookie.startswith("__Host-cloister=cls_")
    for part in ("Secure", "HttpOnly", "Path=/"):
        assert part in cookie
    assert "domain" not in cookie.lower()
    token = cookie.partition("=")[2].partition(";")[0]
    http = town.browser()
    own = {"Cookie": f"__Host-cloister={token}"}
    assert http.get(ME, headers=own | by_tls).status_code == 200
    # A cookie that a neighbouring site could have planted does not count by TLS, nor the reverse.
    assert http.get(ME, headers={"Cookie": f"cloister={token}"} | by_tls).status_code == 401
    assert http.get(ME, headers=own).status_code == 401


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(town: Town) -> None:
    town.person("Wes")
    town.invited("Not yet here")
    answers = [
        town.browser().post("/api/v1/auth/login", json={"name": name, "password": "wrong one"})
        for name in ("Wes", "nobody at all", "Not yet here")
    ]
    told = [problem(each, 401, "sign_in_failed") for each in answers]
    assert all(each.headers["WWW-Authenticate"] for each in answers)
    for each in told:
        each.pop("request_id")
    assert told[0] == told[1] == told[2]


@pytest.mark.parametrize("exists", [True, False])
def test_guessing_ends_with_429(module_server: ServerFactory, town: Town, exists: bool) -> None:
    name = f"guessed {exists}"
    if exists:
        town.person(name)
    body = {"name": name, "password": "wrong one"}
    http = town.browser()
    for _ in range(MOST_PER_ACCOUNT):
        assert http.post("/api/v1/auth/login", json=body).status_code == 401
    refused = http.post("/api/v1/auth/login", json=body | {"password": PASSWORD})
    problem(refused, 429, "too_many_attempts")
    assert int(refused.headers["Retry-After"]) > 0


def test_a_link_is_good_for_once(town: Town) -> None:
    invited = town.invited("Lin")
    token = invited["token"]
    http = town.browser()
    shown = http.post("/api/v1/auth/links/show", json={"token": token}).json()
    assert shown == {"purpose": "invitation", "name": "Lin"}
    weak = http.post("/api/v1/auth/links", json={"token": token, "password": "password1234"})
    problem(weak, 422, "weak_password")
    town._ready(http, http.post("/api/v1/auth/links", json={"token": token, "password": PASSWORD}))
    assert http.get(ME).json()["name"] == "Lin"
    again = town.browser().post("/api/v1/auth/links", json={"token": token, "password": PASSWORD})
    problem(again, 404, "link_invalid")
    for path in ("/api/v1/auth/links/show", "/api/v1/auth/links"):
        body = {"token": "cll_unknown"} | ({"password": PASSWORD} if path.endswith("links") else {})
        problem(town.browser().post(path, json=body), 404, "link_invalid")


def test_a_reset_link_changes_the_password_and_ends_sessions(town: Town) -> None:
    http = town.person("Rob")
    person = town.id_of(http)
    token = town.operator.post(f"/api/v1/people/{person}/link").json()["token"]
    shown = town.browser().post("/api/v1/auth/links/show", json={"token": token}).json()
    assert shown == {"purpose": "reset", "name": "Rob"}
    assert http.get(ME).status_code == 200
    body = {"token": token, "password": "another lamp by the river"}
    assert town.browser().post("/api/v1/auth/links", json=body).status_code == 200
    problem(http.get(ME), 401, "not_signed_in")
    town.signed_in("Rob", "another lamp by the river")


def test_a_password_is_changed_by_who_knows_it(town: Town) -> None:
    http = town.person("Pia")
    other = town.signed_in("Pia")
    wrong = {"old": "wrong one", "new": "another lamp by the river"}
    problem(http.put("/api/v1/auth/password", json=wrong), 401, "sign_in_failed")
    weak = {"old": PASSWORD, "new": "PiaPiaPiaPia"}
    problem(http.put("/api/v1/auth/password", json=weak), 422, "weak_password")
    right = {"old": PASSWORD, "new": "another lamp by the river"}
    town._ready(http, http.put("/api/v1/auth/password", json=right))
    assert http.get(ME).json()["name"] == "Pia"
    problem(other.get(ME), 401, "not_signed_in")


def test_a_change_by_cookie_needs_the_header_of_its_own_pages(town: Town) -> None:
    http = town.person("Cat")
    other = town.person("Dan")
    good = http.headers.pop("X-CSRF-Token")
    body = {"title": "x"}
    for headers in ({}, {"X-CSRF-Token": ""}, {"X-CSRF-Token": other.headers["X-CSRF-Token"]}):
        sent = http.post("/api/v1/conversations", json=body, headers=headers)
        problem(sent, 403, "csrf_failed")
        problem(http.post("/api/v1/auth/logout", headers=headers), 403, "csrf_failed")
    assert http.get("/api/v1/conversations").json()["items"] == []
    kept = {"X-CSRF-Token": good}
    assert http.post("/api/v1/conversations", json=body, headers=kept).status_code == 201
    foreign = kept | {"Origin": "https://elsewhere.example.org"}
    sent = http.post("/api/v1/conversations", json=body, headers=foreign)
    problem(sent, 403, "origin_not_allowed")


def test_sessions_and_keys_are_not_taken_for_each_other(town: Town) -> None:
    http = town.person("Max")
    session = token_of(http)
    key = http.post("/api/v1/keys", json={"name": "k", "permissions": ["search"]}).json()["key"]
    operator = (town.server.data / "operator.token").read_text()
    bare = town.browser()

    def asked(**headers: str) -> int:
        return bare.get(ME, headers=headers).status_code

    assert asked(Authorization=f"Bearer {key}") == 200
    assert asked(Authorization=f"bearer {key}") == 200
    assert asked(Cookie=f"cloister={session}") == 200
    assert asked(Authorization=f"Bearer {session}") == 401
    assert asked(Cookie=f"cloister={key}") == 401
    assert asked(Cookie=f"cloister={operator}") == 401
    assert asked(Cookie=f"cloister={session}", Authorization=f"Bearer {key}") == 401
    assert asked(**{"X-Api-Key": key}) == 401
    assert asked(Authorization=f"Basic {key}") == 401
    assert asked(Authorization=f"Bearer {key}x") == 401
    assert asked(Authorization="Bearer " + "clk_" + "x" * 5000) == 401
    assert bare.get(f"{ME}?key={key}&access_token={key}").status_code == 401
    twice = [("Authorization", f"Bearer {key}"), ("Authorization", f"Bearer {key}")]
    assert bare.get(ME, headers=twice).status_code == 401


def test_a_key_is_shown_once_and_kept_as_a_hash(town: Town) -> None:
    http = town.person("Kim")
    made = http.post("/api/v1/keys", json={"name": "laptop", "permissions": ["ask"]}).json()
    listed = http.get("/api/v1/keys").json()["items"]
    assert [each["name"] for each in listed] == ["laptop"]
    assert "key" not in listed[0]
    assert made["key"].endswith(listed[0]["ending"])
    assert listed[0]["used_at"] is None
    key = {"Authorization": f"Bearer {made['key']}"}
    assert town.browser().get(ME, headers=key).json()["permissions"] == ["ask"]
    assert http.get("/api/v1/keys").json()["items"][0]["used_at"] is not None
    files = [path for path in town.server.data.glob("cloister.db*") if path.is_file()]
    kept = b"".join(path.read_bytes() for path in files)
    assert made["key"].encode() not in kept
    assert token_of(http).encode() not in kept
    assert PASSWORD.encode() not in kept
    other = town.person("Lou")
    problem(other.delete(f"/api/v1/keys/{made['id']}"), 404, "not_found")
    assert http.delete(f"/api/v1/keys/{made['id']}").status_code == 204
    assert town.browser().get(ME, headers=key).status_code == 401


def test_a_key_is_for_what_it_says(town: Town) -> None:
    http = town.person("Ned", administrator=True)
    # Who writes nowhere at all may not upload, whatever the key.
    assert http.post("/api/v1/collections", json={"name": "neds"}).status_code == 201
    search, ask = town.key(http, "search"), town.key(http, "ask")
    ingest, admin = town.key(http, "ingest"), town.key(http, "admin")
    upload = {"files": {"file": ("a.txt", b"x")}}
    body = {"query": "word"}
    for key, allowed in ((search, True), (ask, True), (ingest, False), (admin, False)):
        status = key.post("/api/v1/search", json=body).status_code
        assert (status != 403) == allowed
    for key, allowed in ((search, False), (ask, True), (ingest, False), (admin, False)):
        made = key.post("/api/v1/conversations", json={})
        assert made.status_code == (201 if allowed else 403)
    for key, allowed in ((search, False), (ask, False), (ingest, True), (admin, False)):
        status = key.post("/api/v1/documents", **upload).status_code  # type: ignore[arg-type]
        assert status == (404 if allowed else 403)
    for key, allowed in ((search, False), (ask, False), (ingest, False), (admin, True)):
        assert key.get("/api/v1/people").status_code == (200 if allowed else 403)
        assert key.get("/api/v1/keys").status_code == (200 if allowed else 403)
    more = admin.post("/api/v1/keys", json={"name": "more", "permissions": ["ask"]})
    problem(more, 403, "key_not_allowed")
    problem(admin.put("/api/v1/auth/password", json={"old": "x", "new": "y"}), 403, "not_allowed")


def test_a_key_expires(town: Town) -> None:
    http = town.person("Eve")
    tomorrow = (datetime.now(UTC) + timedelta(days=1)).isoformat()
    key = town.key(http, expires_at=tomorrow)
    assert key.get(ME).status_code == 200
    changed(town, update(api_keys).where(api_keys.c.expires_at > 0).values(expires_at=1.0))
    problem(key.get(ME), 401, "not_signed_in")


def test_a_key_makes_none_that_outlives_it(town: Town) -> None:
    http = town.person("Eva")
    soon, later = (
        (datetime.now(UTC) + timedelta(minutes=each)).replace(microsecond=0) for each in (1, 60)
    )
    key = town.key(http, "admin", "ask", expires_at=soon.isoformat())

    def ends(maker: httpx.Client, expires_at: datetime | None) -> datetime | None:
        told = expires_at and expires_at.isoformat()
        body = {"name": "more", "permissions": ["ask"], "expires_at": told}
        made = maker.post("/api/v1/keys", json=body).json()["expires_at"]
        return made and datetime.fromisoformat(made)

    assert [ends(key, each) for each in (None, later, soon)] == [soon] * 3
    sooner = soon - timedelta(seconds=30)
    assert ends(key, sooner) == sooner
    assert ends(http, None) is None
    assert ends(town.key(http, "admin", "ask"), later) == later


def test_with_a_key_that_is_deleted_end_those_that_were_made_with_it(town: Town) -> None:
    http = town.person("Evi")
    own = town.key(http, "admin", "ask")
    child = town.key(own, "admin", "ask")
    grandchild, beside = town.key(child, "ask"), town.key(http, "ask")
    listed = [each["id"] for each in http.get("/api/v1/keys").json()["items"]]
    assert grandchild.get(ME).status_code == 200
    assert http.delete(f"/api/v1/keys/{listed[0]}").status_code == 204
    for key in (own, child, grandchild):
        problem(key.get(ME), 401, "not_signed_in")
    assert beside.get(ME).status_code == 200
    assert [each["id"] for each in http.get("/api/v1/keys").json()["items"]] == listed[3:]
    deleted = town.operator.get("/api/v1/audit", params={"act": "key.deleted"}).json()["items"]
    subjects = {each["subject"] for each in deleted}
    assert {f"key:{each}" for each in listed[:3]} <= subjects
    assert f"key:{listed[3]}" not in subjects


def test_a_session_ends_when_it_is_old_or_idle(town: Town) -> None:
    http = town.person("Old")
    own = sessions.c.person_id == town.id_of(http)
    changed(town, update(sessions).where(own).values(used_at=1.0))
    problem(http.get(ME), 401, "not_signed_in")
    http = town.signed_in("Old")
    changed(town, update(sessions).where(own).values(expires_at=1.0))
    problem(http.get(ME), 401, "not_signed_in")


def test_sessions_are_listed_and_ended_one_by_one(town: Town) -> None:
    http = town.person("Sam")
    other = town.signed_in("Sam")
    listed = http.get("/api/v1/auth/sessions").json()["items"]
    assert [each["current"] for each in listed].count(True) == 1
    [elsewhere] = [each["id"] for each in listed if not each["current"]]
    stranger = town.person("Sue")
    problem(stranger.delete(f"/api/v1/auth/sessions/{elsewhere}"), 404, "not_found")
    assert http.delete(f"/api/v1/auth/sessions/{elsewhere}").status_code == 204
    problem(other.get(ME), 401, "not_signed_in")
    assert http.get(ME).status_code == 200


def test_suspension_ends_every_credential_at_once(town: Town) -> None:
    http = town.person("Bad")
    person = town.id_of(http)
    key = town.key(http)
    link = town.operator.post(f"/api/v1/people/{person}/link").json()["token"]
    with http.stream("GET", "/api/v1/jobs/events") as stream:
        lines = stream.iter_lines()
        assert "snapshot" in next(lines)
        town.suspended(person)
        # It ends by itself at its next look.
        assert [line for line in lines if line.startswith("data")] == []
    for each in (http, key):
        problem(each.get(ME), 401, "not_signed_in")
    body = {"name": "Bad", "password": PASSWORD}
    problem(town.browser().post("/api/v1/auth/login", json=body), 401, "sign_in_failed")
    used = town.browser().post("/api/v1/auth/links", json={"token": link, "password": PASSWORD})
    problem(used, 404, "link_invalid")
    town.suspended(person, False)
    assert key.get(ME).status_code == 200
    problem(http.get(ME), 401, "not_signed_in")
    town.signed_in("Bad")


def first_link(server: RunningServer) -> str:
    assert server.process.stdout is not None
    for line in server.process.stdout:
        if match := re.search(r"/sign-in#(\S+)", line):
            return match[1]
    raise AssertionError("no link")


def test_the_first_link_makes_one_administrator(server: ServerFactory) -> None:
    running = server(WORKERS="0")
    token = first_link(running)
    with browser(running) as http:
        body = {"token": token, "password": PASSWORD}
        problem(http.post("/api/v1/auth/links", json=body), 422, "invalid_request")
        entered = http.post("/api/v1/auth/links", json=body | {"name": "Ada"})
        assert entered.json()["person"]["is_administrator"]
        [only] = http.get("/api/v1/collections").json()["items"]
        assert (only["name"], only["role"]) == ("default", "manager")
        again = http.post("/api/v1/auth/links", json=body | {"name": "Eve"})
        problem(again, 404, "link_invalid")
    running.stop()
    again_running = server(data=running.data, WORKERS="0")
    assert again_running.process.stdout is not None
    assert "Take documents in" in again_running.process.stdout.readline()


def test_others_are_let_near_only_once_somebody_can_sign_in(server: ServerFactory) -> None:
    with pytest.raises(AssertionError, match="no administrator with a password"):
        server(HOST="0.0.0.0", WORKERS="0")
    running = server(WORKERS="0")
    with browser(running) as http:
        body = {"token": first_link(running), "password": PASSWORD, "name": "Ada"}
        assert http.post("/api/v1/auth/links", json=body).status_code == 200
    running.stop()
    open_to_all = server(data=running.data, HOST="0.0.0.0", WORKERS="0")
    assert "0.0.0.0" in open_to_all.url
